"""Who may do what, as text for people to review: predefined role × action × extent.

`python -m tests.golden.matrix` writes the file anew; what changed is then read as a diff, line by line.
"""

from collections.abc import Iterator
from pathlib import Path

from projections import access
from projections.things import Target
from service.catalogue.loader import shipped
from service.vocabulary import PrincipalId, TeamId, Thing
from tests import given
from tests.given import Account

FILE = Path(__file__).with_name("who_may_do_what.txt")
HEADING = """\
Who may do what with the predefined roles as they come (RULE 1, catalogue 1).

own      a thing that the person made, in no team
team     a thing of the person's team, made by somebody else
other    a thing of another team, made by somebody else
Every action that is not listed is denied at every extent.
"""


def text() -> str:
    """The matrix as this release decides it."""
    return HEADING + "".join(_roles())


def _roles() -> Iterator[str]:
    account = Account()
    mine, others = account.team("Mine"), account.team("Others")
    somebody = account.person("Somebody", roles=[], teams=[others])
    for number, role in enumerate(shipped().roles):
        if role.assignable:
            who = account.person(f"Person{number}", roles=[role.id], teams=[mine])
            yield f"\n{role.name}\n" + "".join(_actions(account, who, somebody, mine, others))
    leader = account.person("Leader", roles=[], teams=[])
    leading = given.team(account.fresh, "Led", administrators=[leader])
    account.do(leading)
    yield "\nTeam Administrator (who administers a team without being a member: «team» is what is that team's)\n"
    yield from _actions(account, leader, somebody, leading.team, others)


def _actions(
    account: Account, who: PrincipalId, somebody: PrincipalId, mine: TeamId, others: TeamId
) -> Iterator[str]:
    for action in shipped().actions:
        extents = {
            "own": Target(Thing(action.types[0], "1"), (), who),
            "team": Target(Thing(action.types[0], mine), (mine,), somebody),
            "other": Target(Thing(action.types[0], others), (others,), somebody),
        }
        allowed = {
            one for one, target in extents.items() if access.may(account.now, who, action.name, target)
        }
        if allowed:
            cells = (f"{extent if extent in allowed else '-':<6}" for extent in extents)
            yield f"    {action.name:<36}{''.join(cells)}".rstrip() + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
