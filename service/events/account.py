"""What happens to the account itself: its log opens, adopts rules, is restored, is read, and is forced open."""

import msgspec

from service.catalogue.model import Catalogue
from service.vocabulary import PrincipalId


class LogOpened(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="log.opened"):
    """Record 1. It names the account, and who signs its checkpoints under which name (C2SP signed note).

    `verifier` is the note's verifier key (`name+hash+base64`); a replica with another key does not sign.
    """

    account: str
    epoch: str
    origin: str
    verifier: str


class LogRestored(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="log.restored"):
    """The database behind the log was replaced by an older or another copy, and a person said so.

    `lost_from` is the first position that some replica had seen and that this log no longer holds, 0 if none is known.
    """

    epoch_before: str
    epoch: str
    lost_from: int
    lost_to: int


class KeyAdded(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="key.added"):
    """From here on values and people's keys are sealed under a later secret, and checkpoints are signed by it as well.

    `fingerprint` tells which secret of MUNIMENT_KEY; `verifier` is its key for the same origin (C2SP signed note). A
    replica without that secret stops here.
    """

    fingerprint: str
    verifier: str


class CatalogueAdopted(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="catalogue.adopted"):
    """From here on permissions mean what this catalogue says. Only a higher number is ever adopted."""

    number_before: int
    catalogue: Catalogue


class TrailRead(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="trail.read"):
    """Somebody read the audit trail: which filters, up to which position. Ids only, never a name."""

    filters: dict[str, str]
    until: int


class BreakGlassUsed(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="break_glass.used"):
    """Somebody at the console gave a principal the way back in; what changed follows under the same correlation."""

    principal: PrincipalId
