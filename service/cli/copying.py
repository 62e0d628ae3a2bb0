"""`muniment backup`: one transaction, two files, both read back before they get their names."""

import contextlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from projections import digest, rebuild, snapshot
from projections.directory import Directory
from service import app as application
from service import data_directory, errors
from service.cli import logs, opening, options, output, rotation
from service.cli.opening import Record
from service.log import archive, backup, backup_check, forgotten
from service.log.archive import Manifest
from service.log.backup_check import Checked
from service.vocabulary import KeyId, PrincipalId


class Copied(msgspec.Struct, frozen=True, kw_only=True):
    """What was copied: this many records with this root, and so many people's keys."""

    account: str
    epoch: str
    position: int
    root: str
    state: str
    people: int


async def copied(file: Path, keys_file: Path, *, with_state: bool) -> Copied:
    """Copy the account. The file of keys gets its name first, so that FILE is never there without its keys."""
    _require_places(file, keys_file)
    async with opening.record("backup") as record:
        with (
            contextlib.closing(archive.Writing(file)) as into,
            contextlib.closing(archive.Writing(keys_file)) as apart,
        ):
            manifest = await _copied(record, into, apart, with_state=with_state)
            with output.progress("Reading back") as tell:
                await backup_check.checked(into.unfinished, record.keys, tell)
                people = await backup_check.checked(apart.unfinished, record.keys)
            apart.name()
            into.name()
    return Copied(
        account=manifest.account,
        epoch=manifest.epoch,
        position=manifest.position,
        root=manifest.root,
        state=manifest.state,
        people=people.manifest.rows["person_key"],
    )


async def checked(file: Path, keys_file: Path) -> tuple[Checked, Checked | None]:
    """Both files as they are, the second one None where it is not there. Needs neither a database nor a key."""
    loaded = options.settings()
    logs.quiet(loaded.settings)
    keys = None
    try:
        keys = data_directory.own_keys(loaded.settings)
    except errors.Refused:
        output.words("There is no key here: whether this account made the file is not looked at.")
    with output.progress("Reading") as tell:
        found = await backup_check.checked(file, keys, tell)
        here = keys_file.is_file()  # noqa: ASYNC240  # nothing else waits for this command's loop
        apart = await backup_check.checked(keys_file, keys) if here else None
    require_belonging(found.manifest, apart.manifest if apart else found.manifest, keys_file)
    return found, apart


def require_belonging(record: Manifest, apart: Manifest, keys_file: Path) -> None:
    """Raise Refused unless the keys are of the same account and no older than the copy; later ones do as well."""
    if record.account != apart.account or apart.position < record.position:
        raise errors.Refused(
            "other_keys",
            f"{keys_file} holds the keys of account {apart.account} up to position {apart.position}; the copy is of"
            f" account {record.account} at position {record.position}. Keys as old or later are needed.",
        )


async def _copied(
    record: Record, into: archive.Writing, apart: archive.Writing, *, with_state: bool
) -> Manifest:
    connection = record.connection
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        head, manifest = await backup.snapshot(connection, application.RELEASE, application.clock())
        added = await rotation.added(connection)
        with output.progress("Copying") as tell:
            rows = await backup.copy_out(connection, backup.RECORD_TABLES, into, tell, head.position)
            people = await backup.copy_out(connection, backup.KEYS_TABLES, apart, tell, head.position)
        state, known = "", dict[PrincipalId, tuple[KeyId, ...]]()
        if with_state:
            directory = Directory()
            with output.progress("Folding") as tell:
                await rebuild.replay(connection, directory, head.position, tell)
            state = digest.digest(directory)
            known = {
                who: keys
                for who, one in directory.forgotten.items()
                if (keys := one.at(head.position)) is not None
            }
    fold = snapshot.fold_version().hex() if state else ""
    later_key = added[-1][1].fingerprint if added else ""
    manifest = msgspec.structs.replace(manifest, rows=rows, state=state, fold=fold, later_key=later_key)
    into.finish(manifest, record.keys)
    apart.add(backup_check.FORGOTTEN, _forgotten(record, manifest.account, known))
    apart.finish(msgspec.structs.replace(manifest, holds="keys", rows=people, state="", fold=""), record.keys)
    return manifest


def _require_places(file: Path, keys_file: Path) -> None:
    """Raise Invalid unless there is a place for each half, and two of them."""
    for path in (file, keys_file):
        if not path.parent.is_dir():
            raise errors.Invalid(f"There is no directory {path.parent}.", "FILE")
    if file.resolve() == keys_file.resolve():
        raise errors.Invalid("The people's keys go into a file of their own, apart from FILE.", "FILE")


def _forgotten(record: Record, account: str, known: Mapping[PrincipalId, tuple[KeyId, ...]]) -> bytes:
    """Whoever is forgotten by the log or by this machine's list."""
    kept = forgotten.recall(data_directory.forgotten_file(record.settings), record.keys)
    here = kept.people if kept is not None and kept.account == account else {}
    people = forgotten.united([here, known])
    return forgotten.encode(forgotten.Forgotten(account=account, people=people), record.keys)
