"""A proxy with a program behind it: one request after the other, what must come of each, and what gets through."""

from pathlib import Path
from typing import Final

import msgspec

from tests.judges import wired
from tests.judges.acts import Act
from tests.judges.company import Company
from tests.judges.fronts import Front, Places
from tests.judges.proofs import require
from tests.judges.wired import Told
from tests.receiver import Answering, Got, Receiver

SPOOFED: Final = "spoofed"
_IDENTITY: Final = ("X-Authz-Subject", "X-Authz-Decision", "X-Authz-Position", "X-Authz-Change")
_SENT: Final = tuple((name, SPOOFED) for name in (*_IDENTITY, "X_Authz_Subject", "X-Authz_Subject"))
"""With every request: a client that says itself who it is, also as programs read it that take `_` for `-`."""


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """One request through the proxy, and all that must come of it.

    `reaches`: the program gets it, once and as it was sent, with true words about who asks. `leaves` and `denied` are
    what the record then holds of it. `who` is nobody where it is empty, and somebody unknown where it is `?`.
    """

    claim: str
    who: str
    line: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    chunked: bool = False
    program: int | Answering = 200
    """What the program answers."""
    status: int = 200
    reaches: bool = False
    leaves: tuple[str, ...] = ()
    denied: str = ""


class Gate:
    """The proxy, the program behind it, and the acts that the record must hold by now."""

    def __init__(self, company: Company, front: Front, broker: Receiver) -> None:
        self.company = company
        self.recodes = front.proxy == "caddy"
        self.broker = broker
        self.acts: list[Act] = []
        self._front = front
        self._seen = len(broker.got)
        self._reported = 0

    async def tried(self, probe: Probe) -> None:
        """Send it. Raises Wrong where something else came of it."""
        self.acts.append(Act(claim=probe.claim, who=probe.who, leaves=probe.leaves, denied=probe.denied))
        if probe.reaches:
            self.broker.answers.append(probe.program)
        told = await self.sent(probe)
        reached = self.reached()
        self.broker.answers.clear()
        require(
            told.status == probe.status,
            f"It was answered {told.status} in place of {probe.status}: {told.body[:300]!r}",
        )
        if probe.status == 401:
            challenge = told.headers.get("www-authenticate", "")
            require("Bearer" in challenge, f"Nobody is told how to say who they are: {told.headers}")
        if probe.reaches:
            require(len(reached) == 1, f"It reached the program {len(reached)} times.")
            self.require_true(probe, reached[0])
        else:
            require(not reached, f"It reached the program: {reached}")
        self._reported += sum(" reported that " in one for one in probe.leaves)
        if any(" reported that " in one for one in probe.leaves):
            await self.company.recorded("change.reported", self._reported)

    async def sent(self, probe: Probe) -> Told:
        """Send it, with spoofed words about who asks."""
        token = "mun_unknown" if probe.who == "?" else self.company.tokens[probe.who] if probe.who else ""
        who = (("Authorization", f"Bearer {token}"),) if token else ()
        headers = (*who, *_SENT, *probe.headers)
        return await wired.sent(self._front.port, probe.line, headers, probe.body, chunked=probe.chunked)

    def reached(self) -> list[Got]:
        """What reached the program since this was asked last."""
        found = self.broker.got[self._seen :]
        self._seen = len(self.broker.got)
        return found

    def require_true(self, probe: Probe, got: Got) -> None:
        """Raise Wrong where the program was told anything else than what was asked, and who asks."""
        method, _, target = probe.line.partition(" ")
        require((method, target) == (got.method, got.target), f"The program saw {got.method} {got.target}")
        require(got.body == probe.body, f"The program saw {len(got.body)} octets of {len(probe.body)}.")
        said = [(name, value) for name, value in got.headers.items() if value == SPOOFED]
        require(not said, f"The program saw the client's own words: {said}")
        require("Authorization" not in got.headers, "The program saw the client's token.")
        subject = self.company.ids[probe.who.partition(",")[0]] if probe.who else ""
        changes = bool(probe.leaves)
        for name, wanted in (("X-Authz-Subject", subject), ("X-Authz-Decision", "allow")):
            found = [one for one in got.headers.getall(name, []) if one]
            require(
                found == [one for one in (wanted,) if one], f"The program saw {name} {found}, not {wanted}."
            )
        found = [one for one in got.headers.getall("X-Authz-Change", []) if one]
        require(len(found) == changes, f"The program saw the changes {found}.")

    async def refused(self, line: str, why: str) -> None:
        """Send it as Sally, and raise Wrong unless it is answered by something that is no yes."""
        told = await self.sent(Probe(claim="", who="sally", line=line))
        require(told.status >= 300, f"{line} was answered {told.status} though {why}.")

    def nothing_reached(self, why: str) -> None:
        """Raise Wrong where anything did."""
        reached = [f"{one.method} {one.target}" for one in self.reached()]
        require(not reached, f"The program was reached though {why}: {reached}")

    async def stopped_at(self, line: str, why: str) -> None:
        """It is answered by a no, and reaches nobody."""
        await self.refused(line, why)
        self.nothing_reached(f"{why}, by {line}")

    async def let_through(self, line: str) -> None:
        """It is answered by the program."""
        told = await self.sent(Probe(claim="", who="sally", line=line))
        require(told.status == 200 and len(self.reached()) == 1, f"{line} was answered {told.status}.")


def elsewhere(places: Places, directory: Path) -> Places:
    """The same places with another directory."""
    return msgspec.structs.replace(places, directory=directory)


def moved(places: Places, service: int) -> Places:
    """The same places with the service elsewhere."""
    return msgspec.structs.replace(places, service=service)
