"""What a verifier prints of each contract, before and after it tried it: why it was chosen, and whether it may fail."""

from collections.abc import Sequence
from typing import Final

import msgspec

from service.http.responses import Document
from service.queries import wording
from service.queries.verifiable import Reason

_BEFORE: Final = "before_verification"
_MAY_FAIL: Final = "If the verification fails, the build does not."


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """For which branch or tags of the provider it was asked; `pending` are those (or "") that never passed it."""

    provider: str
    branch: str
    tags: tuple[str, ...]
    pending: tuple[str, ...]


def drawn(place: str, reasons: Sequence[Reason], status: Status | None) -> list[Document]:
    """The notices of one content at this address; without a status nothing is said of pending or not."""
    listed = "\n".join(f"    * {reason.long}" for reason in reasons)
    matching = "this" if len(reasons) == 1 else "these"
    chosen = f"The pact at {place} is verified because its content is that of {matching}:\n{listed}"
    found = [_notice(_BEFORE, chosen)]
    if status is None:
        return found
    if not status.pending:
        passed = f"{_whose(status, status.tags)} passed this pact before. If the verification fails, the build does."
        return [*found, _notice(_BEFORE, passed)]
    whose = _whose(status, status.pending)
    found.append(_notice(_BEFORE, f"This pact is pending: {whose} never passed it. {_MAY_FAIL}"))
    still = f"This pact stays pending for {whose}: no success was published."
    for success, publishes in (("true", "false"), ("false", "false"), ("false", "true")):
        found.append(_notice(f"after_verification:success_{success}_published_{publishes}", still))
    done = f"This pact is pending no longer for {whose}. If a later verification fails, the build does."
    found.append(_notice("after_verification:success_true_published_true", done))
    return found


def _whose(status: Status, tags: Sequence[str]) -> str:
    if status.branch:
        return f"{status.provider} from branch '{status.branch}'"
    if status.tags:
        return f"{status.provider} tagged {wording.listed(f'{tag!r}' for tag in tags)}"
    return status.provider


def _notice(when: str, text: str) -> Document:
    return {"when": when, "text": text}
