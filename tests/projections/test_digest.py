"""The digest of a directory: equal for equal states, different for any difference, and never silent about a part."""

from datetime import UTC, datetime

import pytest

from projections import digest
from projections.directory import Directory
from service.catalogue.loader import shipped
from service.events import Event
from service.events.account import CatalogueAdopted
from service.events.roles import RoleCreated, RoleRenamed
from service.events.teams import TeamCreated, TeamMembersChanged
from service.log.recorded import VERSION, Actor, Recorded
from service.vocabulary import EventId, PrincipalId, RoleId, TeamId

ROLE = RoleId("11111111-1111-4111-8111-111111111111")
TEAM = TeamId("22222222-2222-4222-8222-222222222222")
SALLY = PrincipalId("33333333-3333-4333-8333-333333333333")
FACTS: tuple[Event, ...] = (
    CatalogueAdopted(number_before=0, catalogue=shipped()),
    RoleCreated(
        role=ROLE,
        name="Tester",
        description="",
        scopes=(),
        predefined=False,
        locked=False,
        assignable=True,
        api_access=True,
    ),
    TeamCreated(team=TEAM, name="A", default=False),
    TeamMembersChanged(team=TEAM, added=(SALLY,)),
)


def folded(*events: Event) -> Directory:
    """A directory that knows these facts, a microsecond apart."""
    directory = Directory()
    for position, event in enumerate(events, 1):
        directory.apply(recorded(position, event))
    return directory


def recorded(position: int, event: Event) -> Recorded:
    """A record of the service's own."""
    return Recorded(
        v=VERSION,
        position=position,
        id=EventId(f"00000000-0000-7000-8000-{position:012d}"),
        recorded_at=datetime(2026, 11, 20, 14, 3, 0, position, UTC),
        rule=1,
        catalogue=1,
        release="0",
        actor=Actor(system="test"),
        data=event,
    )


def differing(left: Directory, right: Directory) -> tuple[str, ...]:
    return digest.differing(digest.parts(left), digest.parts(right))


def test_the_same_facts_have_the_same_digest() -> None:
    """Two foldings of one log agree, part by part."""
    assert digest.digest(folded(*FACTS)) == digest.digest(folded(*FACTS))
    assert () == differing(folded(*FACTS), folded(*FACTS))


def test_what_is_taken_back_leaves_nothing() -> None:
    """Apply, undo, apply ends where applying once does: every timeline and every index, in the same order."""
    directory = folded(*FACTS[:1])
    before, after = digest.digest(directory), ""
    for _ in range(2):
        directory.begin()
        for position, event in enumerate(FACTS[1:], 2):
            directory.apply(recorded(position, event))
        after = digest.digest(directory)
        directory.undo()
        directory.keep()
        assert before == digest.digest(directory)
    assert after == digest.digest(folded(*FACTS))


def test_a_difference_has_a_place() -> None:
    """Another name for a role shows in the roles and in their names, and nowhere else but in time."""
    renamed = folded(*FACTS, RoleRenamed(role=ROLE, before="Tester", after="Checker"))
    assert ("instants", "position", "role_names", "roles") == differing(folded(*FACTS), renamed)


def test_history_counts() -> None:
    """Two states that look the same now differ if their pasts do: the past is asked about too."""
    there = RoleRenamed(role=ROLE, before="Tester", after="Checker")
    back = RoleRenamed(role=ROLE, before="Checker", after="Tester")
    stayed = TeamMembersChanged(team=TEAM, added=(SALLY,))
    assert "roles" in differing(folded(*FACTS, there, back), folded(*FACTS, stayed, stayed))


@pytest.mark.parametrize("part", sorted(set(vars(Directory())) - {"_journal"}))
def test_every_part_counts(part: str) -> None:
    """No table and no index of the directory is left out."""
    assert part in digest.parts(Directory())


def test_a_part_of_an_unknown_shape_is_told() -> None:
    """What nobody said how to digest is a TypeError, not a digest of something else."""
    directory = folded(*FACTS)
    directory.roles[ROLE].value = object()  # type: ignore[assignment]  # just such a shape
    with pytest.raises(TypeError):
        digest.digest(directory)


def test_a_large_state_is_digested_in_steps() -> None:
    """Whoever has questions to answer meanwhile gets a turn every thousand lines, and the digests stay the same."""
    directory = folded(*FACTS)
    directory.role_names.update(
        {f"role {number}": directory.role_names["Tester"] for number in range(10_000)}
    )
    steps = list(digest.steps(directory))
    assert steps.count(None) >= 10
    assert digest.parts(directory) == dict(step for step in steps if step is not None)
