"""What can happen to a token. Its value is in the vault; the record holds a keyed digest, enough to authenticate."""

from datetime import datetime

import msgspec

from service.vocabulary import PrincipalId, TokenId, VaultRef


class TokenIssued(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="kind", tag="token.issued"):
    """A principal has a token. `digest` is hex HMAC-SHA-256 of the value; `value` names its vault row."""

    token: TokenId
    principal: PrincipalId
    read_only: bool
    digest: str
    value: VaultRef
    expires_at: datetime | None = None


class TokenRegenerated(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="token.regenerated"):
    """The token has another value from here on; the old one stopped working at once and left the vault."""

    token: TokenId
    principal: PrincipalId
    digest: str
    value: VaultRef
    value_before: VaultRef
    expires_at_before: datetime | None = None
    expires_at: datetime | None = None


class TokenRevoked(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="token.revoked"):
    """The token's principal was deleted; the value left the vault for good."""

    token: TokenId
    principal: PrincipalId
    value_before: VaultRef


TokenEvent = TokenIssued | TokenRegenerated | TokenRevoked
