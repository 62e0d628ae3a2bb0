"""No planted value is anywhere but sealed in the vault and at the receiver.

A real account in a process of its own, on a Postgres of its own. Values are planted wherever a webhook takes one, and
everything is done to them that can be done. Then all that is left is searched, in every form that a value could take:
the tables, a dump, every file of the data directory, the service's log, the backup, every answer, every printed line.
"""

import asyncio
from collections.abc import Iterator

import msgspec
import pytest

from service.log.keys import Keys
from service.vocabulary import VaultRef
from tests import receiver, service
from tests.scenarios import planted, planted_story, recording
from tests.scenarios.planted import Value
from tests.torture import ground
from tests.torture.ground import Ground
from tests.torture.served import Service, ended

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),  # the story is told once, within the first test's time
]


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """All that the story left behind, as places to be searched."""

    values: planted_story.Planted
    answers: list[tuple[str, bytes]]
    printed: list[tuple[str, bytes]]
    tables: list[tuple[str, bytes]]
    dumped: list[tuple[str, bytes]]
    files: list[tuple[str, bytes]]
    said: list[tuple[str, bytes]]
    received: list[tuple[str, bytes]]


@pytest.fixture(scope="module")
def left() -> Iterator[Left]:
    """The story, told once for all tests."""
    with ground.short("planted", 1) as place:
        yield asyncio.run(_told(place))


async def _told(place: Ground) -> Left:
    running = Service(place, LOG_FORMAT="json", **planted_story.SETTINGS)
    async with ended(running), receiver.listening() as there:
        await running.start()
        story = planted_story.Story(running, there)
        for step in (story.founded, story.secrets, story.webhooks, story.sent, story.asked_about):
            await step()
        await story.went_on(place.directory)
        await story.damaged()
        await story.asked_about()
        tables = [one async for one in recording.rows(running.owner_dsn)]
        dumped = await recording.dump(running.owner_dsn)
        assert 0 == await running.stop()
        received = [(one.target, f"{one.target}\n{one.headers}\n".encode() + one.body) for one in there.got]
    return Left(
        values=story.values,
        answers=story.client.answers,
        printed=story.client.printed,
        tables=tables,
        dumped=[("pg_dump", dumped)],
        files=[one for one in planted.files(place.directory) if "postgres.binaries" not in one[0]],
        said=[("the service's log", running.said.read_bytes())],
        received=received,
    )


def test_no_answer_tells_what_is_never_told(left: Left) -> None:
    """Not to whoever gave it, not to an Administrator, not in a refusal, and not because a receiver said it back."""
    assert [] == planted.search(left.values.secret, left.answers)


def test_the_rest_of_a_request_is_shown_by_its_webhook_alone(left: Left) -> None:
    """People write keys into addresses and bodies; only who manages the webhook sees them, and only there."""
    places = {one.place.partition(" ")[2] for one in planted.search(left.values.shown, left.answers)}
    assert places
    assert [] == [place for place in places if not place.startswith("/webhooks")]


def test_the_console_prints_none(left: Left) -> None:
    """Whoever sits there has the key, and still is not shown a value by accident."""
    assert [] == planted.search(left.values.hidden, left.printed)


def test_no_table_holds_one(left: Left) -> None:
    """Record, search tables, spans, snapshots unpacked, repeated requests: all but the sealed rows of the vault."""
    assert [] == planted.search(left.values.hidden, left.tables)


def test_no_dump_holds_one(left: Left) -> None:
    """What an operator copies with Postgres' own tools."""
    assert [] == planted.search(left.values.hidden, left.dumped)


def test_no_file_holds_one(left: Left) -> None:
    """The database's own files and its write-ahead log, what it said, the backup and what is packed in it."""
    names = [place for place, _ in left.files]
    for part in ("/pg_wal/", "/base/", "copy: ", "copy.keys: ", "service.log"):
        assert any(part in name for name in names), part
    assert [] == planted.search(left.values.hidden, left.files)


def test_the_services_log_holds_none(left: Left) -> None:
    """With everything said that can be said, in both forms, over a crash."""
    assert [] == planted.search(left.values.hidden, left.said)


def test_the_receiver_got_them(left: Left) -> None:
    """They were really there: in the path, in headers and in the body."""
    values = left.values
    sent = (
        values.second,
        values.later_password,
        values.authorization,
        values.token,
        values.in_path,
        values.in_body,
        values.inline,
    )
    got = planted.search(sent, left.received)
    assert {one.name for one in sent} == {one.value for one in got}
    assert [] == planted.search([values.first, values.refused], left.received)


def test_the_vault_holds_what_is_in_force_and_nothing_that_was_superseded(left: Left) -> None:
    """Sealed rows open with the account's key to exactly the values that the record names now."""
    keys = Keys.derived(bytes.fromhex(service.KEY))
    refs = [octets.decode() for place, octets in left.tables if place == "vault.ref"]
    sealed = [octets for place, octets in left.tables if place == "vault.ciphertext"]
    opened = [("vault", keys.open_vault(VaultRef(ref), box)) for ref, box in zip(refs, sealed, strict=True)]
    values = left.values
    held = (
        values.second,
        values.later_password,
        values.authorization,
        values.token,
        values.in_path,
        values.in_body,
    )
    assert {one.name for one in held} == {one.value for one in planted.search(held, opened)}
    gone: list[Value] = [values.first, values.refused, values.password, values.inline]
    assert [] == planted.search(gone, opened)


def test_what_is_planted_in_the_clear_is_found_everywhere(left: Left) -> None:
    """The search can fail: a description is in the record for good, and so wherever the record is."""
    clear = [left.values.clear]
    assert planted.search(clear, left.answers)
    assert planted.search(clear, left.printed)
    assert planted.search(clear, left.dumped)
    tables = {one.place for one in planted.search(clear, left.tables)}
    assert {"log.entry", "snapshot_part.octets, unpacked"} <= tables
    files = {one.place for one in planted.search(clear, left.files)}
    assert any("/base/" in place for place in files)
    assert any("/pg_wal/" in place for place in files)
    assert any("copy: " in place for place in files)
