"""What can happen after a deletion: it is undone, or what nobody holds any longer is forgotten."""

from datetime import datetime

import msgspec

from service.events.branches import VersionPutOnBranch
from service.events.deployments import (
    DeploymentEnded,
    DeploymentRecorded,
    ReleaseRecorded,
    ReleaseSupportEnded,
)
from service.events.labels import LabelAdded
from service.events.results import VerificationPublished
from service.events.versions import VersionCreated, VersionTagged
from service.vocabulary import ApplicationId, ContractId, EventId, PrincipalId, VaultRef


class LeftOut(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """Something that a restoration did not bring back: [noun, id, name, of which application, why].

    `noun` is `team`, `webhook`, or a kind of fact, of which one row stands for all of that application's: then `id` is
    its id.
    `why` is a word that never changes: `may_not` (the caller lacks the right), `gone` (what it belongs to does not
    exist any more), `otherwise` (something else has its place by now), `destroyed` (what it was left the vault).
    """

    noun: str
    id: str
    name: str
    application: str
    why: str


class DeletionRestored(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="deletion.restored"):
    """Parent of a restoration: what one deletion removed is here again, as far as the children say.

    `deletion` is the first record of the deletion's order, and `of` its kind. `not_restored` counts everything that was
    left out, of which `left_out` lists as much as fits.
    """

    deletion: EventId
    of: str
    applications: int = 0
    contracts: int = 0
    facts: int = 0
    not_restored: int = 0
    left_out: tuple[LeftOut, ...] = ()


class RestoredContract(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """One contract that is here again.

    [id, consumer, provider, version, branch, digest, body, bytes, when it was first published]. It is the same
    contract, under its old id; its consumer or its provider may be another one of the old name.
    """

    contract: ContractId
    consumer: ApplicationId
    provider: ApplicationId
    version: str
    branch: str | None
    digest: str
    body: VaultRef
    bytes: int
    created_at: datetime


class ContractsRestored(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="contracts.restored"
):
    """Child of a restoration: which contracts are here again, as many as fit one record."""

    contracts: tuple[RestoredContract, ...]


RestorableEvent = (
    VersionCreated
    | VersionTagged
    | VersionPutOnBranch
    | LabelAdded
    | VerificationPublished
    | DeploymentRecorded
    | DeploymentEnded
    | ReleaseRecorded
    | ReleaseSupportEnded
)


class RestoredFact(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """One fact that is here again, as what made it: [when that was, by whom, what happened then]."""

    at: datetime
    by: PrincipalId | None
    event: RestorableEvent


class FactsRestored(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="facts.restored"):
    """Child of a restoration: versions, tags, branches, labels, results and deployments that are here again.

    Each counts from here on as if it had happened when it says; as many as fit one record.
    """

    facts: tuple[RestoredFact, ...]


class ForgottenBody(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """A contract's body that left the vault: [digest, ref]."""

    digest: str
    body: VaultRef


class ContractBodiesForgotten(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="contract_bodies.forgotten"
):
    """Bodies left the vault that no contract had held since `unheld_since`, nor will any restoration bring back."""

    unheld_since: datetime
    bodies: tuple[ForgottenBody, ...]


DeletionEvent = DeletionRestored | ContractsRestored | FactsRestored | ContractBodiesForgotten
