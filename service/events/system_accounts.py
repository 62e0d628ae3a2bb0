"""What can happen to a system account alone: its creation. All later facts are a principal's (`users.py`)."""

import msgspec

from service.vocabulary import KeyId, PrincipalId, Sealed


class SystemAccountCreated(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="system_account.created"
):
    """A principal that is no person: it has tokens, roles and teams, and no invitation."""

    principal: PrincipalId
    key: KeyId
    name: Sealed
    email: Sealed | None = None


SystemAccountEvent = SystemAccountCreated
