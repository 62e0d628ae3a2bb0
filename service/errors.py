"""What can go wrong, as a closed set that knows nothing of HTTP: the edges translate, they never invent.

Every error carries one sentence for a person. None carries a secret or another person's name.
"""

from typing import ClassVar, Final, NamedTuple

_TOLD_MAX: Final = 5
"""Changes that the sentence of a stale order tells; a program finds more beside it."""


class MunimentError(Exception):
    """The base of the closed set: `except MunimentError` at an edge means «one of ours, with a sentence»."""

    code: ClassVar[str] = "error"

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Invalid(MunimentError):
    """The request cannot be understood: a wrong type, an unknown scope, a bad UUID, text out of bounds.

    `pointer` is a JSON pointer into the body (`/permissions/0/scope`), or the name of a parameter, header
    or setting, or empty.
    """

    code = "invalid"

    def __init__(self, sentence: str, pointer: str = "") -> None:
        super().__init__(sentence)
        self.pointer = pointer


class Unauthenticated(MunimentError):
    """Nobody we know is asking: no token, an unknown or expired one, or its principal is disabled."""

    code = "unauthenticated"


class Forbidden(MunimentError):
    """A known principal asks for what it may not do.

    `missing` names the permission and what it was needed on (`contract_data:manage on Baz`); it is shown
    to the caller, so it names only what the caller named or may read. `on` is the thing: (type, id, name).
    `judged_by` says whose teams and creator decided where they are not the thing's own: `the consumer Foo`.
    """

    code = "forbidden"

    def __init__(
        self,
        sentence: str,
        missing: str = "",
        *,
        read_only_token: bool = False,
        on: tuple[str, str, str] | None = None,
        judged_by: str = "",
    ) -> None:
        super().__init__(sentence)
        self.missing = missing
        self.read_only_token = read_only_token
        self.on = on
        self.judged_by = judged_by


class NotFound(MunimentError):
    """There is no such thing. `gone` is True for a thing that existed and was deleted."""

    code = "not_found"

    def __init__(self, sentence: str, gone: bool = False) -> None:
        super().__init__(sentence)
        self.gone = gone


class Destroyed(NotFound):
    """History knows the thing, and what it held was destroyed for good."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, gone=True)


class Refused(MunimentError):
    """Understood and permitted, yet a rule forbids it: a locked role, a name that is taken, a lock-out.

    `reason` is a stable word for programs (`role_locked`, `name_taken`, `would_lock_out`).
    """

    code = "refused"

    def __init__(self, reason: str, sentence: str, pointer: str = "") -> None:
        super().__init__(sentence)
        self.reason = reason
        self.pointer = pointer


class Ambiguous(MunimentError):
    """A name fits several things; `candidates` lists them in the naming grammar, so that one can be chosen."""

    code = "ambiguous"

    def __init__(self, sentence: str, candidates: tuple[str, ...]) -> None:
        super().__init__(sentence)
        self.candidates = candidates


class Change(NamedTuple):
    """One record that changed a thing meanwhile, for whoever decided on how it was before."""

    position: int
    time: str
    actor: str
    sentence: str
    event: str


class Stale(MunimentError):
    """The caller decided on an older state than the one that holds (a precondition named an old version).

    A version is the position of the record that made it; 0 where the precondition named none of this thing's.
    `changes` are the newest records that changed it since, the newest last; `more` says how many were before those.
    """

    code = "stale"

    def __init__(
        self, *, decided_on: int, current: int, changes: tuple[Change, ...] = (), more: int = 0
    ) -> None:
        if not 0 < decided_on < current:
            said = f"No ETag of the request is one of this thing's: it is at version {current}."
        else:
            said = f"It was changed since: you decided on version {decided_on}, it is at version {current}."
        told = "".join(f" {one.sentence.removesuffix('.')} ({one.time})." for one in changes[-_TOLD_MAX:])
        left = more + max(0, len(changes) - _TOLD_MAX)
        earlier = f" {left} earlier change{'s' if left > 1 else ''};" if left and told else ""
        super().__init__(said + earlier + told)
        self.decided_on = decided_on
        self.current = current
        self.changes = changes
        self.more = more


class Throttled(MunimentError):
    """Too often in vain: who was denied again and again, or knocked with one useless credential after the other, waits.

    Nothing was looked up and nothing recorded.
    """

    code = "throttled"

    def __init__(self, sentence: str, retry_after_seconds: int) -> None:
        super().__init__(sentence)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(MunimentError):
    """Not now: the queue is full, Postgres is away, or this replica is behind. Certainly not done."""

    code = "unavailable"

    def __init__(self, sentence: str, retry_after_seconds: int = 1) -> None:
        super().__init__(sentence)
        self.retry_after_seconds = retry_after_seconds


class OutOfReach(Unavailable):
    """Postgres cannot be reached, or refuses. The sentence says where and as whom: it is for the console alone."""


class OutcomeUnknown(Unavailable):
    """The commit may or may not have happened. The same request with the same Idempotency-Key is safe."""

    code = "outcome_unknown"


class TooLate(Unavailable):
    """A position was waited for and did not arrive within the bound."""

    code = "too_late"


class Broken(MunimentError):
    """The record or the installation is not what it must be: a fork, a foreign key, a leaf that disagrees.

    Nothing is served past it; the sentence says what a person must do.
    """

    code = "broken"
