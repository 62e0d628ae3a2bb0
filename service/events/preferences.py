"""What can happen to a preference: the account's own, which everybody reads, and a principal's, which are theirs."""

import msgspec

from service.vocabulary import KeyId, PrincipalId, Sealed


class Expiry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """So many hours, days, weeks or months; a month is one of the calendar."""

    value: int
    period: str


Value = bool | str | Expiry | None
"""What a preference may hold in the record: a switch, a text or an id, a period, or nothing."""


class PreferenceChanged(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="preference.changed"
):
    """A preference of the account holds something else; `before` is its default where nobody had changed it."""

    name: str
    before: Value
    after: Value


class PreferenceContactsChanged(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="preference.contacts_changed"
):
    """Other people are told of what concerns the operation: their e-mail addresses, a line each, in one seal.

    `key` was made for `after` alone: destroying it forgets just this list.
    """

    key: KeyId | None
    before: Sealed | None
    after: Sealed | None


class PersonalPreferenceChanged(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="personal_preference.changed"
):
    """A principal's own preference holds something else."""

    principal: PrincipalId
    name: str
    before: Value
    after: Value


SystemPreferenceEvent = PreferenceChanged | PreferenceContactsChanged
PreferenceEvent = SystemPreferenceEvent | PersonalPreferenceChanged
