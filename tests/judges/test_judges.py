"""The judges can say no: an answer or a record that is not as it must be is told, and never passed over."""

import os
import sys
from pathlib import Path

import pytest

from service import demo
from service.catalogue.compiled import ADMINISTRATOR
from service.http import problems
from tests import receiver
from tests.judges import __main__ as judges
from tests.judges import acts, company, fronts, probes, programs, proxied, readings, tools
from tests.judges.acts import ACT, Act
from tests.judges.company import Company, Record
from tests.judges.fronts import Front, Places
from tests.judges.gate import Gate
from tests.judges.proofs import Proofs, Wrong
from tests.judges.tools import Absent

CLIENT = """
import sys, urllib.error, urllib.request
url, token, method, path = sys.argv[1:]
sent = {"Authorization": "Bearer " + token, "Content-Type": "application/json"}
asked = urllib.request.Request(url + path, b"{}", sent, method=method)
try:
    print(urllib.request.urlopen(asked).status)
except urllib.error.HTTPError as error:
    sys.exit(error.read().decode())
"""
"""A client of a few lines, so that these tests need none from elsewhere."""
ON_BAZ = "contract_data:manage on Baz"
PUBLISHED = Act(
    claim="Billy publishes",
    who="billy",
    run="PUT /pacts/provider/Bar/consumer/Baz/version/1",
    says=("201",),
    leaves=("Billy published the contract Baz/Bar for version 1.",),
)
DENIED = Act(
    claim="Sally may not",
    who="sally",
    run="PUT /pacts/provider/Bar/consumer/Baz/version/2",
    ends=1,
    says=(acts.FORBIDDEN, f"Missing: {ON_BAZ}."),
    denied=ON_BAZ,
)


def stage(ours: Company) -> acts.Stage:
    """The company with that client."""
    return acts.Stage(ours, (sys.executable, "-I", "-c", CLIENT, "{url}", "{token}", ACT))


def recorded(*sentences: str) -> list[Record]:
    """A trail of these; those of denied attempts are told by their words."""
    return [
        Record(position=position, sentence=one, outcome="denied" if "was refused" in one else "done")
        for position, one in enumerate(sentences, 1)
    ]


@pytest.mark.slow
async def test_what_holds_is_held_and_a_denial_that_is_none_is_told() -> None:
    """Against a live service: with the rule the judgement holds, and with Sally allowed each of its parts is broken."""
    told: list[str] = []
    async with company.opened("of a test") as ours:
        await stage(ours).judged(held := Proofs("test", told.append), PUBLISHED, DENIED, DENIED)
    assert ([], 5) == (held.broken, len(held.held)), told
    async with company.opened("of a test") as ours:
        # She is told apart from Kevin by her role alone: with his, nothing is denied to her any more.
        role = {"roles": [ADMINISTRATOR]}
        given = await ours.ask(demo.ADMINISTRATOR, "PUT", f"/admin/users/{ours.ids['sally']}/roles", role)
        assert 204 == given.status
        await stage(ours).judged(broken := Proofs("test", told.append), PUBLISHED, DENIED)
    assert ["Billy publishes"] == broken.held
    assert 3 == len(broken.broken), told
    assert any("It ended with 0 in place of 1" in line for line in told)
    assert any("too much: Sally published the contract Baz/Bar for version 2." in line for line in told)


@pytest.mark.parametrize(
    ("trail", "says"),
    [
        ([], "missing: Billy published the contract Baz/Bar for version 1."),
        (
            [
                *PUBLISHED.leaves,
                "Billy deleted the team A.",
                "Sally tried to x and was refused: y was missing.",
            ],
            "too much: Billy deleted the team A.",
        ),
        ([*PUBLISHED.leaves], "the trail has none"),
        (
            [
                *PUBLISHED.leaves,
                "Sally tried to publish a contract and was refused: something else was missing.",
            ],
            "something else",
        ),
        (
            [
                *PUBLISHED.leaves,
                f"Sally tried to publish a contract and was refused: {ON_BAZ} was missing.",
                f"Sally tried to publish a contract 2 more times and was refused: {ON_BAZ} was missing.",
            ],
            "the trail has 3 ×",
        ),
    ],
)
def test_a_trail_that_tells_less_or_more_is_told(trail: list[str], says: str) -> None:
    """An act that left no record, a record of no act, and a denial of something else or too often are found."""
    with pytest.raises(Wrong, match=says):
        acts.compared([PUBLISHED, DENIED], recorded(*trail), counted=True)


def test_a_trail_that_tells_it_is_held_against_no_other() -> None:
    """What is counted later is expected later: before, each denial stands once."""
    trail = [*PUBLISHED.leaves, f"Sally tried to publish a contract and was refused: {ON_BAZ} was missing."]
    acts.compared([PUBLISHED, DENIED, DENIED], recorded(*trail), counted=False)
    with pytest.raises(Wrong, match="2 ×"):
        acts.compared([PUBLISHED, DENIED, DENIED], recorded(*trail), counted=True)


def test_the_sentence_is_that_of_seed_002() -> None:
    """The judges hold the service against the article's words, which they have for themselves."""
    assert problems.FORBIDDEN == acts.FORBIDDEN


def test_a_judge_that_stumbles_has_proved_nothing() -> None:
    """An exception breaks the claim that it met, and the next claim is tried."""
    told: list[str] = []
    proofs = Proofs("test", told.append)
    for claim, found in (("one", {}), ("another", {"what": 1})):
        with proofs.of(claim):
            assert found["what"]
    assert (["one"], ["another"]) == (proofs.broken, proofs.held)
    assert any("KeyError" in line for line in told)


async def test_a_program_that_does_not_end_is_ended(tmp_path: Path) -> None:
    """Nothing that a judge starts outlives it, whatever that has started itself."""
    line = f"sleep 600 & echo $! > {tmp_path}/child; wait"
    said = await programs.run("sh", "-c", line, environ=os.environ, directory=tmp_path, seconds_max=1.0)
    child = int((tmp_path / "child").read_text())
    assert said.code < 0
    assert not Path(f"/proc/{child}").exists() or "Z" == Path(f"/proc/{child}/stat").read_text().split()[2]


def test_a_client_that_is_not_here_says_so() -> None:
    """What cannot be had is skipped with its reason, and is no proof."""
    with pytest.raises(Absent, match="takes root"):
        tools.pact_cli(Absent("npm is missing here, and installing it takes root"), "pact-broker")
    with pytest.raises(Absent):
        tools.interpreter(Absent("nothing"))


def test_a_judge_that_is_skipped_is_told_and_fails_where_everything_must_be_here() -> None:
    """A machine without npm goes on, in words; continuous integration never passes by not looking."""
    held, skipped, broken = (Proofs(name, lambda _: None) for name in ("one", "another", "third"))
    held.held.append("a claim")
    skipped.skipped = "npm is missing here"
    broken.broken.append("a claim")
    lines, code = judges.verdict([held, skipped], must_all=False)
    assert (["SKIPPED another: npm is missing here.", "1 proofs held, 0 were broken."], 0) == (lines, code)
    assert 1 == judges.verdict([held, skipped], must_all=True)[1]
    assert 0 == judges.verdict([held], must_all=True)[1]
    assert 1 == judges.verdict([held, broken], must_all=False)[1]


@pytest.mark.slow
async def test_a_proxy_that_asks_nobody_is_found_out(tmp_path: Path) -> None:
    """Whatever must not pass is told where it passed, in a disguise too, and so are words of the client's own."""
    told: list[str] = []
    async with company.opened("of a test") as ours, receiver.listening() as broker:
        await proxied.peopled(ours)
        at = Gate(ours, Front(proxy="nobody", port=broker.port, log=tmp_path / "log"), broker)
        proofs = Proofs("test", told.append)
        for probe in probes.probes():
            with proofs.of(probe.claim):
                await at.tried(probe)
        for claim, proving in probes.READINGS.items():
            with proofs.of(claim):
                await proving(at)
    assert [] == proofs.held
    assert any("It reached the program" in one for one in told)
    assert any("The program saw the client's own words" in one for one in told)


def test_the_page_shows_what_asks() -> None:
    """Both configurations of the page ask before anything passes; one that does not is not judged as if it did."""
    for language in ("nginx", "caddyfile"):
        text = fronts.shown(language)
        assert "/authz/v1/forward/" in text
        with pytest.raises(Wrong, match="asks whether"):
            fronts.unguarded(fronts.unguarded(text))


def test_a_page_that_says_other_addresses_is_told(tmp_path: Path) -> None:
    """An address that is not replaced would be somebody else's."""
    places = Places(service=1, broker=2, token="t", directory=tmp_path)
    with pytest.raises(Wrong, match="9292"):
        fronts.nginx("nginx", fronts.shown("nginx").replace("127.0.0.1:9292", "127.0.0.1:8000"), places, 3)


def test_every_disguise_is_one() -> None:
    """None of them is what it disguises, or anything that is said openly."""
    assert set() == set(readings.DISGUISED) & {*readings.PLAIN, *readings.HARMLESS, *readings.OTHERS}
    assert len(readings.DISGUISED) == len(set(readings.DISGUISED))
