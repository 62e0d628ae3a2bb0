"""What can happen to what is known of a person, apart from the account that they had."""

import msgspec

from service.vocabulary import KeyId, PrincipalId


class PersonForgotten(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="person.forgotten"):
    """The keys of a deleted person were destroyed with this record: no name or address of theirs can be read again.

    The account's id stays, with everything that was done under it. The rows of `keys` were deleted in the same
    transaction; every replica drops them when it folds this.
    """

    principal: PrincipalId
    keys: tuple[KeyId, ...]


PersonEvent = PersonForgotten
