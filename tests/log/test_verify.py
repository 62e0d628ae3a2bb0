import base64
import hashlib
from datetime import timedelta

import msgspec
import pytest

from service.events import Event
from service.events.contracts import ContractDeleted, ContractPublished
from service.events.tokens import TokenIssued, TokenRegenerated, TokenRevoked
from service.events.users import PrincipalDeleted, UserCreated
from service.log import batches, checkpoint, merkle, reader, seal, verify, witness, writer
from service.log.connect import Connection
from service.log.keys import Keys
from service.log.reader import Head
from service.log.witness import Seen
from service.vocabulary import ApplicationId, ContractId, KeyId, PrincipalId, Sealed, TokenId, VaultRef
from tests.log import forging, records
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


async def test_a_false_outcome_is_told_in_its_own_words(log: Log) -> None:
    """What the column says and what it should say are the words that a search uses."""
    await filled(log)
    await tampered(log, "update trail set outcome = 'denied' where position = 140")
    told = "The trail's column outcome at position 140 says denied; the record says done."
    assert told == (await verified(log.service)).findings[0].sentence


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
    batch = batches.Batch(
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


def seen_of(head: Head, leaf: bytes = b"", signed: int = 0) -> Seen:
    """What a machine remembers that saw this head."""
    root = merkle.Frontier.decode(head.frontier).root()
    return Seen(
        account=head.account,
        epoch=head.epoch,
        position=head.position,
        leaf=base64.b64encode(leaf).decode(),
        root=base64.b64encode(root).decode(),
        signed=signed,
    )


async def held_against(
    log: Log, seen: Seen | None = None, *notes: str, unsigned_max: timedelta = verify.UNSIGNED_MAX
) -> list[tuple[int, str, str]]:
    """What verify finds beside a machine's memory and notes that were kept."""
    kept = [verify.Kept(source=f"note {number}", note=note) for number, note in enumerate(notes, 1)]
    report = await verify.verify(
        log.service, records.KEYS, lambda _done, _all: None, seen, kept, unsigned_max
    )
    return [(one.position, one.what, one.sentence) for one in report.findings]


async def test_a_rewritten_history_agrees_with_itself_and_not_with_what_was_seen(log: Log) -> None:
    """Record, leaf, tiles and head forged and the checkpoints deleted: the memory of this machine tells."""
    seen = seen_of(await filled(log))
    await forging.rewrite(log.owner, 690, "Tester", "Teller")
    await log.owner.execute("delete from checkpoint")
    assert [] == await held_against(log)
    found = await held_against(log, seen)
    assert [(1, "seen")] == [one[:2] for one in found]
    assert "from position 1 to 700" in found[0][2]


async def test_checkpoints_that_still_hold_narrow_what_was_rewritten(log: Log) -> None:
    """Each root that agrees bounds the disagreement from below, whoever kept it."""
    head = await filled(log)
    kept = records.SIGNER.sign(head.position, merkle.Frontier.decode(head.frontier).root())
    await forging.rewrite(log.owner, 690, "Tester", "Teller")
    found = await held_against(log, seen_of(head), kept)
    assert [(601, "seen"), (601, "kept")] == [one[:2] for one in found]
    assert all("from position 601 to 700" in one[2] for one in found)
    assert "note 1" in found[1][2]


async def test_what_was_seen_proves_the_record_where_only_a_leaf_was_changed(log: Log) -> None:
    """Behind the last checkpoint, too, it is told which side was changed."""
    seen = seen_of(await filled(log))
    assert [(650, "leaf")] == await tampered(log, "update log set leaf = sha256('x') where position = 650")
    assert "the leaf was changed" in (await held_against(log, seen))[0][2]


async def test_a_cut_tail_is_named_by_its_first_lost_position(log: Log) -> None:
    """A log that was cut cleanly agrees with itself; who saw more, or kept a note of more, knows what is missing."""
    head = await filled(log)
    kept = records.SIGNER.sign(head.position, merkle.Frontier.decode(head.frontier).root())
    await forging.cut(log.owner, 650)
    assert [] == await held_against(log)
    found = await held_against(log, seen_of(head), kept)
    assert [(651, "seen"), (651, "kept")] == [one[:2] for one in found]
    assert "the positions 651 to 700 are gone" in found[1][2]


async def test_another_log_than_the_one_that_was_seen_is_named(log: Log) -> None:
    """Another account, or an epoch that no record explains."""
    head = await filled(log)
    for changed in ({"account": records.new_id()}, {"epoch": records.new_id()}):
        seen = msgspec.structs.replace(seen_of(head), **changed)
        assert ["seen"] == [one[1] for one in await held_against(log, seen)]


async def test_kept_checkpoints_are_each_checked(log: Log) -> None:
    """Every one that is brought along is judged: true, of another root, signed by another, of another log."""
    await filled(log)
    stored = await checkpoint.latest(log.service)
    assert stored is not None
    assert [] == await held_against(log, None, stored)
    wrong = bytes(merkle.HASH_BYTES)
    found = await held_against(
        log,
        None,
        stored,
        records.SIGNER.sign(610, wrong),
        Keys.derived(b"x" * 32).signer(records.SIGNER.origin).sign(620, wrong),
        records.KEYS.signer("elsewhere/log").sign(630, wrong),
    )
    assert [(601, "kept"), (620, "kept"), (630, "kept")] == [one[:2] for one in found]
    assert "from position 601 to 610" in found[0][2]


async def test_a_log_that_stays_unsigned_is_named(log: Log) -> None:
    """Deleted checkpoints leave records that nothing covers; a record of this moment is still about to be signed."""
    await filled(log)
    at_once = timedelta(0)
    found = await held_against(log, unsigned_max=at_once)
    assert [(601, "checkpoint")] == [one[:2] for one in found]
    assert found[0][2].startswith("Unsigned since position 601")
    assert [] == await held_against(log)
    await log.owner.execute("alter table checkpoint disable trigger all")
    await log.owner.execute("delete from checkpoint")
    found = await held_against(log, unsigned_max=at_once)
    assert [(1, "checkpoint")] == [one[:2] for one in found]
    assert "no record is covered" in found[0][2]
    await checkpoint.publish(log.service, await reader.head(log.service), records.SIGNER)
    assert [] == await held_against(log, unsigned_max=at_once)


async def test_a_checkpoint_that_was_seen_and_is_gone_is_named(log: Log) -> None:
    """Also at once, and also where an older one is left."""
    head = await filled(log)
    assert [] == await held_against(log, seen_of(head, signed=600))
    await tampered(log, "delete from checkpoint where size = 600")
    found = await held_against(log, seen_of(head, signed=600))
    assert [(301, "checkpoint", witness.gone(600, 300))] == found


async def test_a_signer_that_is_not_the_key_s_is_named(log: Log) -> None:
    """A forger who puts a verifier key of their own into record 1 signs what they like, and is found all the same."""
    head = await reader.head(log.service)
    forger = Keys.derived(b"x" * 32).signer(records.SIGNER.origin)
    opened = msgspec.structs.replace(records.opened(head), verifier=forger.verifier)
    head = await records.appended(log.service, head, [opened])
    await checkpoint.publish(log.service, head, forger)
    assert [(1, "opening")] == [one[:2] for one in await held_against(log)]


async def test_a_person_s_key_that_is_gone_is_named(log: Log) -> None:
    """Every living principal's key is there and opens; a deleted one's may go."""
    head = await reader.head(log.service)
    people = [(PrincipalId(records.new_id()), *seal.new_person_key()) for _ in range(3)]

    def created(principal: PrincipalId, key: KeyId) -> UserCreated:
        sealed = Sealed(key=key, box="")
        return UserCreated(principal=principal, key=key, name=sealed, email=sealed)

    events: list[Event] = [records.opened(head), *(created(who, key) for who, key, _ in people)]
    batch = batches.Batch(
        entries=records.entries(head, await records.clock(log.service), events),
        person_keys=[(key, records.KEYS.wrap(key, raw)) for _, key, raw in people],
    )
    head = await writer.append(log.service, head, batch, records.KEYS.key_check) or head
    assert [] == await held_against(log)
    (_, first, _), (_, second, _), (third_person, third, _) = people
    await log.service.execute("delete from person_key where key = any($1::uuid[])", [first, third])
    await log.owner.execute("update person_key set wrapped = 'x' where key = $1::uuid", second)
    found = await held_against(log)
    assert [(2, "key"), (3, "key"), (4, "key")] == [one[:2] for one in found]
    assert "is gone" in found[0][2]
    await records.appended(log.service, head, [PrincipalDeleted(principal=third_person)])
    assert [(2, "key"), (3, "key")] == [one[:2] for one in await held_against(log)]
