"""One act after the other: a person's command, what the client must say to it, and what the record must hold of it.

A judge is a list of acts. Each is a proof by itself; that the record holds exactly what they leave, and nothing else,
is two more: as GET /audit tells it while the service runs, and as `muniment audit` does once it has stopped.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec

from tests.judges import programs
from tests.judges.company import Company, Record
from tests.judges.programs import Said
from tests.judges.proofs import Proofs, Wrong, require
from tests.receiver import Receiver

FORBIDDEN: Final = (
    "Forbidden. Either you are using a read only token for a request that requires a write token (the most likely "
    "cause), or you do not have the required permissions."
)
"""The sentence of seed 002, letter for letter: what its readers saw their client print."""
ACT: Final = "…"
"""Where an act's own words stand in a client's command line."""
BROKER: Final = (ACT, "--broker-base-url", "{url}", "--broker-token", "{token}")
"""How the command lines for a Pact Broker are told where it is and who asks."""
READ_ONLY: Final = "the token is read only"
TOLD_MAX: Final = 1500
"""So much of what a client said is told, from its end, where a proof is broken."""
_NAME: Final = re.compile(r"\{([^{}]+)\}")
_DENIED: Final = re.compile(
    r"(?:system account )?(\w+) tried to .+? (?:(\d+) more times? )?and was refused: (.+)\."
)


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """What one person does, by the client (`run`, its command line) or over plain HTTP (`ask`, `DELETE /pacts/…`).

    `{name}` in both stands for what an earlier act kept: `keep` maps a name to a pattern whose group is sought in what
    came back, and `mark` names the position before the act. `ends` is the exit code or the status. `leaves` are the
    sentences that the act adds to the trail, `denied` what a denied one missed.
    """

    claim: str
    who: str
    client: str = ""
    """Which of the stage's other clients runs it; without one, its own."""
    run: str = ""
    ask: str = ""
    sends: object = None
    """The JSON body of what is asked over plain HTTP."""
    environ: dict[str, str] = {}
    ends: int = 0
    says: tuple[str, ...] = ()
    silent_about: tuple[str, ...] = ()
    keep: dict[str, str] = {}
    mark: str = ""
    leaves: tuple[str, ...] = ()
    denied: str = ""
    arrives: tuple[str, ...] = ()
    """What each request holds that webhooks send for it, in any order."""


DELETING: Final = (
    Act(
        claim="over plain HTTP: Billy, whose team has the provider alone, may not delete Foo's contract",
        who="billy",
        ask="DELETE /pacts/provider/Bar/consumer/Foo/version/1.0.0",
        ends=403,
        says=(FORBIDDEN,),
        denied="contract_data:manage on Foo",
    ),
    Act(
        claim="Sally deletes it",
        who="sally",
        ask="DELETE /pacts/provider/Bar/consumer/Foo/version/1.0.0",
        mark="contract",
        ends=200,
        leaves=("Sally deleted the contract Foo/Bar of version 1.0.0.",),
    ),
    Act(
        claim="that contract is gone",
        who="watcher",
        ask="GET /pacts/provider/Bar/consumer/Foo/version/1.0.0",
        ends=404,
    ),
    Act(
        claim="and is shown as of before, whole",
        who="watcher",
        ask="GET /pacts/provider/Bar/consumer/Foo/version/1.0.0?as_of={contract}",
        ends=200,
        says=("a request for one thing",),
    ),
    Act(
        claim="Billy may not delete Sally's application",
        who="billy",
        ask="DELETE /pacticipants/Shop",
        ends=403,
        says=(FORBIDDEN, "Missing: contract_data:manage on Shop."),
        denied="contract_data:manage on Shop",
    ),
    Act(
        claim="Sally, who made it, deletes it",
        who="sally",
        ask="DELETE /pacticipants/Shop",
        mark="application",
        ends=204,
        leaves=("Sally deleted the application Shop with 0 contracts.",),
    ),
    Act(
        claim="that application is shown as of before",
        who="watcher",
        ask="GET /pacticipants/Shop?as_of={application}",
        ends=200,
        says=("http://127.0.0.1/shop",),
    ),
    Act(
        claim="Billy, who manages Bar, may not delete its integration in bulk",
        who="billy",
        ask="DELETE /integrations/provider/Baz/consumer/Bar",
        ends=403,
        says=(FORBIDDEN, "Missing: contract_data:bulk_delete on Bar/Baz."),
        denied="contract_data:bulk_delete on Bar/Baz",
    ),
    Act(
        claim="Kevin deletes the integration, and the record names all that vanished with it",
        who="kevin",
        ask="DELETE /integrations/provider/Baz/consumer/Bar",
        mark="integration",
        ends=204,
        leaves=(
            "Kevin deleted the integration Bar/Baz with 1 contract.",
            "Kevin thereby removed the contract Bar/Baz/1.0.0.",
            "Kevin thereby removed the tag Bar/1.0.0/dev.",
            "Kevin thereby took from its branch Baz/main/1.1.0.",
            "Kevin thereby removed the versions Bar/1.0.0 and Baz/1.1.0.",
            "Kevin thereby removed the branch Baz/main.",
            "Kevin thereby removed the unreferenced applications Bar and Baz.",
        ),
    ),
    Act(
        claim="that integration is shown as of before",
        who="watcher",
        ask="GET /integrations?as_of={integration}",
        ends=200,
        says=('"Baz"',),
    ),
    Act(
        claim="Kevin finds the deletion in the trail",
        who="kevin",
        ask="GET /audit?kind=integration.deleted",
        ends=200,
        keep={"deletion": '"uuid":"([0-9a-f-]{36})"'},
    ),
    Act(
        claim="Watcher may not take it back",
        who="watcher",
        ask="POST /history/{deletion}/restore",
        ends=403,
        says=(FORBIDDEN,),
        denied="contract_data:manage on Bar",
    ),
    Act(
        claim="Kevin does, teams and all",
        who="kevin",
        ask="POST /history/{deletion}/restore",
        ends=200,
        leaves=(
            "Kevin restored what a deletion had removed: 2 applications, 1 contract and 4 other facts.",
            "Kevin created the application Bar.",
            "Kevin created the application Baz.",
            "Kevin added Bar to team A.",
            "Kevin added Bar and Baz to team B.",
            "Kevin thereby restored 2 versions, 1 tag and 1 branch membership.",
            "Kevin thereby published the contract Bar/Baz/1.0.0 again.",
        ),
    ),
    Act(
        claim="and the contract is there again, whole",
        who="watcher",
        ask="GET /pacts/provider/Baz/consumer/Bar/version/1.0.0",
        ends=200,
        says=("a request for one thing",),
    ),
)
"""What no client can delete: contracts, applications and integrations.

Before, Billy has published Bar/Baz for a version that is tagged dev, and put a version of Baz on its branch main.
"""


class Stage:
    """Where a judge's acts take place: its company, its client, and what was kept so far."""

    def __init__(
        self,
        company: Company,
        client: tuple[str, ...],
        others: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
        receiver: Receiver | None = None,
        **names: str,
    ) -> None:
        """`client` are the words of its command line: ACT, {url} for the service, {token} for who asks.

        `receiver` is what the webhooks of the company send to.
        """
        self.company = company
        self.others = others
        self.receiver = receiver
        self.names: dict[str, str] = {**company.ids, "url": company.url, **names}
        self.taken: list[Act] = []
        self._client = client
        self._seen = 0

    async def judged(self, proofs: Proofs, *acts: Act) -> None:
        """Prove each act, in their order, and what the record holds afterwards; the service is stopped then.

        One that fails leaves the others to be tried.
        """
        began = await self.company.position()
        for act in acts:
            with proofs.of(act.claim):
                await self.done(act)
        taken = [self._as_recorded(act) for act in self.taken]
        with proofs.of("GET /audit names exactly these acts, and each denial with the missing permission"):
            compared(taken, await self.company.trail(began), counted=False)
        with proofs.of("so does muniment audit, with how often each was denied"):
            compared(taken, await self.company.stopped(began), counted=True)

    async def done(self, act: Act) -> None:
        """Take the act. Raises Wrong where something else came of it."""
        self.taken.append(act)
        if act.mark:
            self.names[act.mark] = str(await self.company.position())
        said = await (self._run(act) if act.run else self._ask(act))
        end = said.text[-TOLD_MAX:]
        require(act.ends == said.code, f"It ended with {said.code} in place of {act.ends}: {end}")
        for part in act.says:
            wanted = self._filled(part)
            require(wanted in said.text, f"It said, without {wanted!r}: {end}")
        for part in act.silent_about:
            require(part not in said.text, f"It said {part!r}: {end}")
        for name, pattern in act.keep.items():
            found = re.search(pattern, said.text)
            if found is None:
                raise Wrong(f"It said nothing like {pattern!r}: {end}")
            self.names[name] = found[1]
        if act.arrives:
            await self._arrived(act)

    async def _arrived(self, act: Act) -> None:
        """Wait for what the webhooks send, and until each outcome is in the record."""
        assert self.receiver is not None, "who has acts that arrive somewhere says where"
        before = self._seen
        self._seen += len(act.arrives)
        try:
            got = await self.receiver.count(self._seen)
        except TimeoutError:
            raise Wrong(
                f"Only {len(self.receiver.got) - before} of {len(act.arrives)} requests arrived."
            ) from None
        told = [f"{one.method} {one.target}\n{one.headers}\n{one.body.decode()}" for one in got[before:]]
        for wanted in map(self._filled, act.arrives):  # several may come in any order
            found = next((one for one in told if wanted in one), None)
            require(found is not None, f"Nothing that arrived has {wanted!r}: {told}")
            told.remove(found or "")
        await self.company.recorded("webhook.executed", self._seen)

    async def _run(self, act: Act) -> Said:
        self.names["token"] = self.company.tokens[act.who]
        client = self.others[act.client] if act.client else self._client
        at = client.index(ACT)
        line = (*client[:at], *act.run.split(), *client[at + 1 :])
        words = [self._filled(word) for word in line]
        directory = self.company.directory
        return await programs.run(
            *words, environ={**foreign_environ(directory), **act.environ}, directory=directory
        )

    async def _ask(self, act: Act) -> Said:
        method, path = act.ask.split(" ", 1)
        sends = None if act.sends is None else json.loads(self._filled(json.dumps(act.sends)))
        answer = await self.company.ask(act.who, method, self._filled(path), sends)
        return Said(code=answer.status, text=answer.text)

    def _as_recorded(self, act: Act) -> Act:
        leaves = tuple(map(self._filled, act.leaves))
        return msgspec.structs.replace(act, leaves=leaves, denied=self._filled(act.denied))

    def _filled(self, text: str) -> str:
        return _NAME.sub(lambda found: self.names.get(found[1], found[0]), text)


def foreign_environ(home: Path) -> dict[str, str]:
    """The environment of a foreign program: nothing of ours, no proxy, no colours, and no word home to its makers."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "NO_COLOR": "1",
        "NO_PROXY": "*",
        "PACT_DO_NOT_TRACK": "true",
    }


def compared(acts: list[Act], trail: list[Record], *, counted: bool) -> None:
    """Hold the trail against what the acts leave. With `counted` every denied attempt is in it; before, each kind once.

    Raises Wrong with what is missing and what is too much.
    """
    done = [one.sentence for one in trail if one.outcome != "denied"]
    expected = [sentence for act in acts for sentence in act.leaves]
    require(expected == _arranged(acts, done), _difference(expected, done))
    found: Counter[str] = Counter()
    for one in trail:
        if one.outcome == "denied":
            found += _denial(one.sentence)
    denied = Counter(f"{_person(act.who)}: {act.denied}" for act in acts if act.denied)
    if not counted:
        found, denied = Counter(set(found)), Counter(set(denied))
    require(denied == found, f"Denied were {_told(denied)}; the trail has {_told(found)}.")


def _arranged(acts: list[Act], done: list[str]) -> list[str]:
    """The trail with the records of each act in the act's own order: those of one order may come in any."""
    found: list[str] = []
    for act in acts:
        part = done[len(found) : len(found) + len(act.leaves)]
        found += act.leaves if sorted(part) == sorted(act.leaves) else part
    return found + done[len(found) :]


def _denial(sentence: str) -> Counter[str]:
    told = _DENIED.fullmatch(sentence)
    if told is None:
        raise Wrong(f"This is no sentence of a denied attempt: {sentence}")
    who, count, why = told.groups()
    return Counter({f"{who}: {why.removesuffix(' was missing')}": int(count or 1)})


def _person(who: str) -> str:
    return who.partition(",")[0].capitalize()


def _difference(expected: list[str], found: list[str]) -> str:
    missing, more = Counter(expected) - Counter(found), Counter(found) - Counter(expected)
    lines = [
        *(f"missing: {one}" for one in missing.elements()),
        *(f"too much: {one}" for one in more.elements()),
    ]
    return "\n".join(lines) if lines else "The order differs:\n" + "\n".join(found)


def _told(counted: Counter[str]) -> str:
    return ", ".join(f"{number} × «{what}»" for what, number in sorted(counted.items())) or "none"
