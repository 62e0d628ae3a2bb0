"""Sealing again under a later secret, beside whoever else changes the same rows."""

import uuid

import pytest

from service import errors
from service.log import rewrap, sql
from service.log.keys import Keys
from service.vocabulary import KeyId, VaultRef
from tests.log import records
from tests.log.conftest import Log

FIRST, LATER = bytes(range(32)), b"x" * 32


async def filled(log: Log, count: int) -> tuple[list[VaultRef], list[KeyId]]:
    """So many values and people's keys under the first secret."""
    refs = [VaultRef(str(uuid.uuid4())) for _ in range(count)]
    keys = [KeyId(str(uuid.uuid4())) for _ in range(count)]
    await log.service.executemany(
        "insert into vault values ($1, $2)",
        [(ref, records.KEYS.seal_vault(ref, ref.encode())) for ref in refs],
    )
    await log.service.executemany(
        "insert into person_key values ($1, $2)", [(key, records.KEYS.wrap(key, b"k" * 32)) for key in keys]
    )
    return refs, keys


def changed_over() -> Keys:
    keys = Keys.derived(FIRST, LATER)
    keys.seal_under(keys.fingerprints[1])
    return keys


async def test_every_row_is_sealed_again_and_once(log: Log) -> None:
    """More rows than a batch: all open under the later secret, none stands under the first, and a second run rests."""
    refs, people = await filled(log, 120)
    keys = changed_over()
    told: list[tuple[int, int]] = []
    assert 240 == await rewrap.rewrap(log.owner, keys, lambda done, total: told.append((done, total)))
    assert (240, 240) == told[-1]
    later = keys.fingerprints[1]
    assert {later: rewrap.Standing(fingerprint=later, values=120, people=120)} == await rewrap.standing(
        log.owner
    )
    rows = await log.service.fetch("select ref::text, ciphertext from vault")
    assert {ref: ref.encode() for ref in refs} == {
        row["ref"]: keys.open_vault(row["ref"], row["ciphertext"]) for row in rows
    }
    wrapped = await log.service.fetch("select key::text, wrapped from person_key")
    assert {(key, b"k" * 32) for key in people} == {
        (row["key"], keys.unwrap(row["key"], row["wrapped"])) for row in wrapped
    }
    assert 0 == await rewrap.rewrap(log.owner, keys, lambda _done, _all: None)


async def test_what_a_service_deletes_meanwhile_stays_deleted(log: Log) -> None:
    """A row that went or changed after it was read is left alone: a superseded token does not come back."""
    (gone, other), _ = await filled(log, 2)
    keys = changed_over()
    rows = await log.owner.fetch(sql.text("elsewhere_vault"), str(uuid.UUID(int=0)), keys.sealing, 10)
    assert {gone, other} == {row["name"] for row in rows}
    await log.service.execute("delete from vault where ref = $1", gone)
    await log.owner.execute("update vault set ciphertext = 'newer' where ref = $1", other)
    names, before = [row["name"] for row in rows], [row["sealed"] for row in rows]
    await log.owner.execute(sql.text("rewrap_vault"), names, before, [b"again", b"again"])
    assert [(other, b"newer")] == [
        tuple(row) for row in await log.owner.fetch("select ref::text, ciphertext from vault")
    ]


async def test_a_row_that_does_not_open_is_left_as_it_is(log: Log) -> None:
    """It is named, and stands as it stood: what cannot be read now may be readable by a key that was mislaid."""
    refs, _ = await filled(log, 1)
    foreign = Keys.derived(b"y" * 32).seal_vault(refs[0], b"secret")
    await log.owner.execute("update vault set ciphertext = $1", foreign)
    with pytest.raises(errors.Broken, match=refs[0]):
        await rewrap.rewrap(log.owner, changed_over(), lambda _done, _all: None)
    assert foreign == await log.owner.fetchval("select ciphertext from vault")
