"""What a replica serves after real batches on real Postgres is what replaying the log from the first event yields."""

import asyncio
import random
from pathlib import Path

from projections import digest, rebuild
from service import errors
from service.app import App
from service.commands import Command
from service.commands.applications import DeleteApplication
from service.commands.integrations import DeleteIntegration
from service.commands.teams import ChangeMembers, DeleteTeam
from service.commands.users import EditUser
from service.vocabulary import ApplicationId, PrincipalId, TeamId
from tests import given, postgres
from tests.handling import doors
from tests.handling.conftest import opened_account as opened_account  # noqa: PLC0414  # a fixture, used by name

ORDERS = 120


def orders(app: App, seed: int) -> list[Command]:
    """A mix that collides on purpose: names are few, and things are deleted while others change them."""
    chance, fresh = random.Random(seed), app.fresh  # noqa: S311  # repeatable on purpose
    teams = [given.team(fresh, f"team {n % 5}") for n in range(8)]
    people = [given.invite(fresh, f"person{n % 6}") for n in range(8)]
    applications = [given.application(fresh, f"application {n % 5}") for n in range(8)]
    found: list[Command] = [*teams, *people, *applications]
    while len(found) < ORDERS:
        team, person = chance.choice(teams), chance.choice(people)
        one, other = chance.choice(applications), chance.choice(applications)
        found.append(
            chance.choice(
                (
                    ChangeMembers(team=TeamId(team.team), how="add", members=(person.new.id,)),
                    EditUser(principal=PrincipalId(person.new.id), active=chance.random() < 0.5),
                    given.publish(fresh, one.name, other.name, str(chance.randint(1, 3))),
                    DeleteIntegration(
                        consumer=ApplicationId(one.application), provider=ApplicationId(other.application)
                    ),
                    DeleteApplication(application=ApplicationId(one.application)),
                    given.role(fresh, f"role {chance.randint(1, 4)}", "contract_data:read:*"),
                    DeleteTeam(team=TeamId(team.team)),
                )
            )
        )
    return found


async def test_two_replicas_and_the_log_agree(
    opened_account: str, make_database: doors.MakeDatabase, tmp_path: Path
) -> None:
    """After colliding batches from two replicas, refusals and lost races included, all three states are one."""
    database: postgres.Database = make_database(template=opened_account)
    async with (
        doors.opened(database, tmp_path / "a", follow=True) as one,
        doors.opened(database, tmp_path / "b", follow=True) as two,
    ):
        answers = await asyncio.gather(
            *(doors.do(app, command) for seed, app in enumerate((one, two)) for command in orders(app, seed)),
            return_exceptions=True,
        )
        unexpected = [
            answer
            for answer in answers
            if isinstance(answer, BaseException)
            and not isinstance(answer, errors.Refused | errors.NotFound | errors.Invalid)
        ]
        assert [] == unexpected
        end = max(one.replica.position, two.replica.position)
        for app in (one, two):
            await app.replica.wait_for(end, 5)
        connection = await one.connected("read")
        try:
            check = await rebuild.check(connection, one.replica.directory, lambda _done, _all: None)
        finally:
            await connection.close()
        assert () == check.differing
        assert check.digest == digest.digest(two.replica.directory)
