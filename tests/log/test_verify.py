import hashlib

import pytest

from service.events import Event
from service.events.contracts import ContractDeleted, ContractPublished
from service.events.tokens import TokenIssued, TokenRegenerated, TokenRevoked
from service.log import checkpoint, merkle, reader, verify, writer
from service.log.connect import Connection
from service.log.keys import Keys
from service.log.reader import Head
from service.vocabulary import ApplicationId, ContractId, TokenId, VaultRef
from tests.log import records
from tests.log.conftest import Log

SIZE = 700
"""Two whole tiles and a part of a third; checkpoints at 300 and 600."""


async def filled(log: Log, keys: Keys = records.KEYS) -> Head:
    """A log with an opening, two checkpoints, tiles and a trail."""
    head = await reader.head(log.service)
    head = await records.appended(log.service, head, [records.opened(head)])
    for size in (300, 600):
        head = await records.appended(log.service, head, [records.renamed()] * (size - head.position))
        await checkpoint.publish(log.service, head, keys.signer(records.SIGNER.origin))
    head = await records.appended(log.service, head, [records.renamed()] * (SIZE - head.position))
    await log.service.execute(
        "insert into trail select position, event_id, recorded_at, kind, 'done', actor::text, 'principal', null, '',"
        " coalesce(entry::json #>> '{touches,0,id}', '') from log where position <= 500"
    )
    await log.service.execute(
        "insert into trail_touch select subject, position from trail where subject <> ''"
    )
    await log.service.execute("update trail_head set position = 500")
    return head


async def verified(connection: Connection) -> verify.Report:
    """What verify finds."""
    return await verify.verify(connection, records.KEYS, lambda _done, _all: None)


async def tampered(log: Log, *statements: str) -> list[tuple[int, str]]:
    """What verify finds after the tables' owner switched the guards off and ran these statements."""
    for table in ("log", "log_head", "checkpoint", "tile"):
        await log.owner.execute(f"alter table {table} disable trigger all")
    for statement in statements:
        assert "0" != (await log.owner.execute(statement)).split()[-1], "the tampering changed something"
    return [(found.position, found.what) for found in (await verified(log.service)).findings]


def edited(position: int) -> str:
    """SQL that changes what a record says."""
    return f"update log set entry = replace(entry, 'Tester', 'Teller') where position = {position}"  # noqa: S608  # a test's own text


def releafed(position: int) -> str:
    """SQL that makes the leaf fit its record again, as a thorough forger would."""
    return f"update log set leaf = sha256('\\x00'::bytea || convert_to(entry, 'UTF8')) where position = {position}"  # noqa: S608  # a test's own text


async def test_an_untouched_log_verifies(log: Log) -> None:
    """Everything that was appended agrees with everything that was stored about it, and progress reaches the end."""
    head = await filled(log)
    seen: list[tuple[int, int]] = []
    report = await verify.verify(log.service, records.KEYS, lambda done, of: seen.append((done, of)))
    assert () == report.findings
    assert (SIZE, 2) == (report.positions, report.checkpoints)
    assert merkle.Frontier.decode(head.frontier).root().hex() == report.root
    assert (SIZE, SIZE) == seen[-1]


async def test_an_empty_log_verifies(log: Log) -> None:
    """Before the first start there is nothing to disagree."""
    assert () == (await verified(log.service)).findings


async def test_an_edited_record_is_named(log: Log) -> None:
    """Somebody with the database's password changed one word of one record."""
    await filled(log)
    found = await tampered(log, edited(123))
    assert (123, "leaf") == found[0]


async def test_an_edited_record_with_its_leaf_is_named_by_its_tile(log: Log) -> None:
    """A forger who recomputes the leaf is betrayed by the tile, exactly, and by the signed root."""
    await filled(log)
    assert {(123, "tile"), (123, "root")} == set(await tampered(log, edited(123), releafed(123)))


async def test_an_edited_record_behind_the_last_tile_is_bounded(log: Log) -> None:
    """Where no tile is complete yet, two checkpoints bound what was changed."""
    await filled(log)
    assert [(301, "root")] == await tampered(log, edited(590), releafed(590))


async def test_an_edited_record_behind_the_last_checkpoint_is_bounded(log: Log) -> None:
    """The newest records are held by the head's own tree."""
    await filled(log)
    assert [(601, "root")] == await tampered(log, edited(650), releafed(650))


async def test_an_edited_leaf_is_told_from_an_edited_record(log: Log) -> None:
    """A later checkpoint proves the record, so the sentence says that only the leaf was changed."""
    await filled(log)
    found = await tampered(log, "update log set leaf = sha256('x') where position = 123")
    assert [(123, "leaf")] == found
    assert "the leaf was changed" in (await verified(log.service)).findings[0].sentence


@pytest.mark.parametrize(
    "column",
    ["kind = 'role.deleted'", "actor = gen_random_uuid()", "event_id = gen_random_uuid()", "actor = null"],
)
async def test_an_edited_search_column_is_named(log: Log, column: str) -> None:
    """A search that would find the wrong thing is found itself."""
    await filled(log)
    assert (456, "copy") in await tampered(log, f"update log set {column} where position = 456")  # noqa: S608  # a test's own text


async def test_an_edited_time_is_named(log: Log) -> None:
    """The column by which history is asked agrees with the record."""
    await filled(log)
    statement = "update log set recorded_at = recorded_at - interval '1 hour' where position = 678"
    assert [(678, "copy")] == await tampered(log, statement)


@pytest.mark.parametrize("position", [7, 300, 550])
async def test_a_deleted_record_is_named(log: Log, position: int) -> None:
    """A hole in the positions is a record that somebody took out."""
    await filled(log)
    found = await tampered(log, f"delete from log where position = {position}")  # noqa: S608  # a test's own text
    assert [(position, "gap")] == found


async def test_a_removed_tail_is_named(log: Log) -> None:
    """Records that vanish from the end are missed by the head; with the head set back, by the checkpoints."""
    await filled(log)
    assert (691, "gap") in await tampered(log, "delete from log where position > 690")
    found = await tampered(
        log,
        "delete from log where position > 1",
        "update log_head set position = 1, frontier = '\\x0000000000000001' || (select leaf from log),"
        " recorded_at = (select recorded_at from log)",
    )
    assert {(2, "checkpoint"), (2, "tile")} == set(found)


async def test_a_record_behind_the_head_is_named(log: Log) -> None:
    """Whoever may insert cannot slip a record in behind the head."""
    await filled(log)
    await log.service.execute(
        "insert into log select 701, gen_random_uuid(), kind, clock_timestamp(), actor, leaf, entry from log"
        " where position = 700"
    )
    assert [(701, "head")] == [(one.position, one.what) for one in (await verified(log.service)).findings]


async def test_an_edited_checkpoint_is_named(log: Log) -> None:
    """A note with another size or root is not signed; one that is gone is no disagreement: any may be missing."""
    await filled(log)
    assert [(300, "signature")] == await tampered(
        log, "update checkpoint set note = replace(note, '300', '301') where size = 300"
    )
    assert [(300, "checkpoint")] == await tampered(
        log, "update checkpoint set note = 'nothing' where size = 300"
    )
    assert [] == await tampered(log, "delete from checkpoint where size = 300")


async def test_a_checkpoint_of_a_foreign_key_is_named(log: Log) -> None:
    """Record 1 says who signs; a replica with another key is found out."""
    await filled(log, Keys.derived(b"x" * 32))
    found = (await verified(log.service)).findings
    assert [(300, "signature")] == [(one.position, one.what) for one in found]


async def test_an_edited_tile_is_told_from_an_edited_record(log: Log) -> None:
    """A tile that was changed says so, since a checkpoint proves the records; a missing one is named too."""
    await filled(log)
    changed = (
        "update tile set hashes = overlay(hashes placing sha256('x') from 33) where level = 0 and index = 1"
    )
    assert [(258, "tile")] == await tampered(log, changed)
    assert "the tile was changed" in (await verified(log.service)).findings[0].sentence
    assert [(1, "tile")] == await tampered(log, "delete from tile where index = 0")


async def test_an_edited_head_is_named(log: Log) -> None:
    """The head's tree, time and epoch are those of the log."""
    head = await filled(log)
    await checkpoint.publish(log.service, head, records.SIGNER)
    for change in (
        "frontier = substr(frontier, 1, 8) || sha256('x') || substr(frontier, 41)",
        "recorded_at = recorded_at + interval '1 second'",
        "epoch = gen_random_uuid()",
    ):
        assert [(SIZE, "head")] == await tampered(log, f"update log_head set {change}")  # noqa: S608  # a test's own text


async def test_a_false_trail_is_named(log: Log) -> None:
    """The trail that auditors search says what the log says, as far as it is written."""
    await filled(log)
    for position, change in (
        (400, "update trail set kind = 'x' where position = 400"),
        (300, "update trail set actor = 'x' where position = 300"),
        (200, "delete from trail where position = 200"),
        (150, "delete from trail_touch where position = 150"),
        (140, "update trail set outcome = 'denied' where position = 140"),
        (130, "update trail set subject = 'x' where position = 130"),
    ):
        assert [(position, "trail")] == await tampered(log, change)


async def test_a_log_that_opens_as_another_s_is_named(log: Log) -> None:
    """Record 1 names the account that the head names."""
    await records.appended(log.service, await reader.head(log.service), [records.renamed()])
    assert ["opening"] == [one.what for one in (await verified(log.service)).findings]


async def test_another_key_is_named(log: Log) -> None:
    """With a foreign MUNIMENT_KEY nothing in the vault could be checked, and verify says why."""
    await filled(log)
    report = await verify.verify(log.service, Keys.derived(b"x" * 32), lambda _done, _all: None)
    assert "key" in [one.what for one in report.findings]


async def with_values(log: Log) -> tuple[VaultRef, VaultRef, VaultRef]:
    """A log with a token that was regenerated, one that was revoked, and a contract that was published twice."""
    head = await reader.head(log.service)
    old, new, revoked, body = (VaultRef(records.new_id()) for _ in range(4))
    token, other = TokenId(records.new_id()), TokenId(records.new_id())
    consumer, provider = ApplicationId(records.new_id()), ApplicationId(records.new_id())

    def published(version: str, ref: VaultRef) -> ContractPublished:
        digest = hashlib.sha256(version.encode()).hexdigest()
        return ContractPublished(
            contract=ContractId(records.new_id()), consumer=consumer, provider=provider, version=version, branch=None,
            digest=digest, body=ref, bytes=len(version),
        )  # fmt: skip

    first = published("1", body)
    events: list[Event] = [
        records.opened(head),
        TokenIssued(
            token=token,
            principal=records.SALLY,
            read_only=False,
            digest=records.KEYS.token_digest("old"),
            value=old,
        ),
        TokenRegenerated(
            token=token,
            principal=records.SALLY,
            digest=records.KEYS.token_digest("new"),
            value=new,
            value_before=old,
        ),
        first,
        ContractDeleted(
            contract=first.contract, consumer=consumer, provider=provider, version="1", digest=first.digest
        ),
        published("1", body),
        TokenIssued(token=other, principal=records.SALLY, read_only=True, digest="", value=revoked),
        TokenRevoked(token=other, principal=records.SALLY, value_before=revoked),
    ]
    batch = writer.Batch(
        entries=records.entries(head, await records.clock(log.service), events),
        vault_put=[
            (ref, records.KEYS.seal_vault(ref, value)) for ref, value in ((new, b"new"), (body, b"1"))
        ],
        vault_delete=[old, revoked],
    )
    await writer.append(log.service, head, batch, records.KEYS.key_check)
    return old, new, body


async def test_the_vault_holds_what_the_log_names(log: Log) -> None:
    """Live values are there and are what was recorded, superseded ones are gone, and nothing else is kept."""
    old, new, body = await with_values(log)
    assert () == (await verified(log.service)).findings
    for position, break_it, ref, ciphertext in (
        (2, "insert", old, records.KEYS.seal_vault(old, b"old")),
        (3, "replace", new, records.KEYS.seal_vault(new, b"other")),
        (4, "replace", body, records.KEYS.seal_vault(new, b"1")),
        (4, "delete", body, b""),
        (0, "insert", VaultRef(records.new_id()), b"x"),
    ):
        kept = await reader.vault(log.service, ref)
        await log.service.execute("delete from vault where ref = $1::uuid", ref)
        if break_it != "delete":
            await log.service.execute("insert into vault values ($1::uuid, $2)", ref, ciphertext)
        found = (await verified(log.service)).findings
        assert [(position, "vault")] == [(one.position, one.what) for one in found]
        await log.service.execute("delete from vault where ref = $1::uuid", ref)
        if kept is not None:
            await log.service.execute("insert into vault values ($1::uuid, $2)", ref, kept)
