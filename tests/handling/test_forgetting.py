"""Forgetting a person on real Postgres: with the record or not at all, on every replica, and for good."""

import asyncio
from pathlib import Path

import asyncpg

from service import data_directory
from service.app import App
from service.commands.order import Caller
from service.commands.people import ForgetPerson
from service.commands.preferences import ChangePreferences, Wanted
from service.log import forgotten, verify
from service.orders import Order
from service.vocabulary import KeyId, Personal, PrincipalId
from tests import given, postgres
from tests.handling import doors
from tests.service import settings


async def invited(app: App, name: str) -> tuple[PrincipalId, KeyId]:
    command = given.invite(app.fresh, name)
    await doors.do(app, command)
    return command.new.id, command.new.key


async def forget(app: App, principal: PrincipalId) -> None:
    await app.handler.handle(
        Order(
            command=ForgetPerson(principal=principal, key=app.fresh.key()), caller=Caller(console="operator")
        )
    )


async def rows(database: postgres.Database, *keys: KeyId) -> int:
    connection = await asyncpg.connect(database.owner_dsn)
    try:
        found = await connection.fetchval(
            "select count(*) from muniment.person_key where key = any($1::uuid[])", list(keys)
        )
    finally:
        await connection.close()
    return int(found)


async def test_the_key_goes_with_the_record_and_on_every_replica(
    database: postgres.Database, place: Path
) -> None:
    """The row is gone when the order is answered; a replica that follows forgets when it folds the record."""
    async with (
        doors.opened(database, place / "one", follow=True) as one,
        doors.opened(database, place / "two", follow=True) as two,
    ):
        sally, key = await invited(one, "Sally")
        kept = one.replica.now().principal(sally).name
        await two.replica.wait_for(one.replica.position, 5)
        assert "Sally" == two.replica.now().text(kept)
        await forget(one, sally)
        await two.replica.wait_for(one.replica.position, 5)
        for app in (one, two):
            assert app.replica.now().text(kept) is None
            assert [] == app.replica.view(one.replica.position - 4).principals_named("Sally")
        assert 0 == await rows(database, key)
        await doors.do(two, given.role(two.fresh, "role A"))
        await doors.do(one, given.role(one.fresh, "role B"))
    for name in ("one", "two"):
        chosen = settings(database, place / name)
        listed = forgotten.recall(data_directory.forgotten_file(chosen), one.keys)
        assert listed is not None
        assert {sally: (key,)} == listed.people
    async with doors.opened(database, place / "three") as again:
        assert again.replica.now().text(kept) is None
        connection = await again.connected("verify")
        report = await verify.verify(connection, again.keys, lambda _done, _all: None)
        await connection.execute("insert into person_key values ($1, $2)", key, b"x")
        tampered = await verify.verify(connection, again.keys, lambda _done, _all: None)
        await connection.close()
    assert () == report.findings
    assert ["key"] == [finding.what for finding in tampered.findings]
    assert "was destroyed, is there" in tampered.findings[0].sentence


async def test_a_refused_forgetting_destroys_nothing(database: postgres.Database, place: Path) -> None:
    """The last Administrator is kept: the refusal leaves the row, the name and no list."""
    async with doors.opened(database, place) as app:
        kevin = doors.kevin(app)
        key = app.replica.now().principal(kevin).key
        sally, gone = await invited(app, "Sally")
        answers = await asyncio.gather(forget(app, kevin), forget(app, sally), return_exceptions=True)
        assert ["Refused", "NoneType"] == [type(answer).__name__ for answer in answers]
        assert (1, 0) == (await rows(database, key), await rows(database, gone))
        assert app.replica.now().text(app.replica.now().principal(kevin).name)


async def test_the_contacts_are_read_on_every_replica(database: postgres.Database, place: Path) -> None:
    """A list of addresses is sealed under a key of its own, which another replica learns with the record."""
    async with (
        doors.opened(database, place / "one", follow=True) as one,
        doors.opened(database, place / "two", follow=True) as two,
    ):
        wanted = Wanted("operationalContacts", ["ops@example.org"])
        await doors.do(one, ChangePreferences(wanted=(wanted,), key=one.fresh.key()))
        await two.replica.wait_for(one.replica.position, 5)
        for app in (one, two):
            held = app.replica.now().preference("operationalContacts")
            assert isinstance(held, Personal)
            assert "ops@example.org" == app.replica.now().text(held)
            assert 1 == await rows(database, held.sealed.key)


async def test_the_contacts_that_name_the_forgotten_are_gone_everywhere(
    database: postgres.Database, place: Path
) -> None:
    """The lists' rows go with the record, every replica forgets them, and what is left of the one in force is read."""
    async with (
        doors.opened(database, place / "one", follow=True) as one,
        doors.opened(database, place / "two", follow=True) as two,
    ):
        sally, _ = await invited(one, "Sally")
        wanted = Wanted("operationalContacts", ["ops@example.org", "sally@example.org"])
        await doors.do(one, ChangePreferences(wanted=(wanted,), key=one.fresh.key()))
        shut = one.replica.now().preference("operationalContacts")
        assert isinstance(shut, Personal)
        await forget(one, sally)
        await two.replica.wait_for(one.replica.position, 5)
        for app in (one, two):
            held = app.replica.now().preference("operationalContacts")
            assert isinstance(held, Personal)
            assert (None, "ops@example.org") == (app.replica.now().text(shut), app.replica.now().text(held))
            assert (0, 1) == (await rows(database, shut.sealed.key), await rows(database, held.sealed.key))
