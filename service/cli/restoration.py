"""`muniment restore`: from two files to an account that serves, and nobody who was forgotten is readable on the way.

The files are read to their ends and compared before anything is touched. Then, in one transaction of the tables' owner,
everything is copied in and the keys of whoever was forgotten since are destroyed; a failure leaves an empty place. What
follows are orders through the one door: a new epoch, and the forgetting once more for whom the copy still shows.
"""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec

from projections import digest, snapshot, span_rows, trail
from service import app as application
from service import data_directory, database, errors
from service.app import App
from service.cli import copying, logs, opening, options, output
from service.commands.people import ForgetPerson
from service.events.account import LogRestored
from service.log import backup, backup_check, connect, forgotten, migrate, witness
from service.log.archive import Manifest
from service.log.keys import Keys
from service.settings import Settings
from service.vocabulary import KeyId, PrincipalId

People = dict[PrincipalId, tuple[KeyId, ...]]


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it. `copied` is the copy's position, `epoch_began` that of the record of the restoration.

    `lost_from` and `lost_to` are what this machine had seen beyond, 0 where it knows of nothing. `forgotten` counts the
    people who were forgotten once more.
    """

    account: str
    epoch: str
    copied: int
    epoch_began: int
    position: int
    lost_from: int
    lost_to: int
    same_state: bool
    forgotten: int
    warnings: tuple[str, ...]


async def restored(file: Path, keys_file: Path, lists: Sequence[Path], reason: str, ticket: str) -> Restored:
    """Restore the account. Raises Refused for a place that is not empty or another key, Broken for a damaged file."""
    loaded = options.settings()
    logs.quiet(loaded.settings)
    options.warn(loaded)
    settings = loaded.settings
    why, under = opening.checked(reason, ticket)
    keys = data_directory.own_keys(settings)
    with output.progress("Reading") as tell:
        found = await backup_check.checked(file, keys, tell)
        apart = await backup_check.checked(keys_file, keys)
    _require_halves(found.manifest, apart.manifest, file, keys_file)
    if found.manifest.later_key:
        keys.seal_under(found.manifest.later_key)  # raises where that one is not here
    _require_own_memory(settings, keys, found.manifest)
    people = _forgotten(settings, keys, found.manifest.account, apart.forgotten, lists)
    await _copied_in(settings, file, keys_file, keys, found.manifest, people)
    forgotten.remember(data_directory.forgotten_file(settings), found.manifest.account, people, keys)
    with output.progress("Replaying the log") as tell:
        opened = application.opened(settings, forked=True, progress=tell)
        async with opened as app:
            return await _begun(app, found.manifest, people, why, under)


async def _begun(app: App, manifest: Manifest, people: People, reason: str, ticket: str) -> Restored:
    """Compare the state, begin a new epoch, and forget once more whom the restored log still shows."""
    warnings: list[str] = []
    same = _same_state(app, manifest, warnings)
    console = opening.console()
    outcome = await application.restored(app, console, reason, ticket, force=True)
    event = outcome.records[0].data
    assert isinstance(event, LogRestored), "a restoration leaves one record"
    again = 0
    for principal in people:
        view = app.replica.now()
        if view.last_principal(principal) is None or view.forgotten(principal):
            continue  # the copy is older than the person, or newer than the forgetting
        try:
            await opening.order(app, ForgetPerson(principal=principal, key=app.fresh.key()), reason, ticket)
            again += 1
        except errors.Refused as refusal:
            warnings.append(
                f"The key of the forgotten person {principal} is destroyed, but their account lives again:"
                f" {refusal.sentence} Then run `muniment forget {principal}`."
            )
    connection = await app.connected("rebuild")
    try:
        await trail.rebuild(connection)
        await span_rows.rebuild(connection)
    finally:
        await connection.close()
    return Restored(
        account=manifest.account,
        epoch=event.epoch,
        copied=manifest.position,
        epoch_began=outcome.position,
        position=app.replica.position,
        lost_from=event.lost_from,
        lost_to=event.lost_to,
        same_state=same,
        forgotten=again,
        warnings=tuple(warnings),
    )


def _same_state(app: App, manifest: Manifest, warnings: list[str]) -> bool:
    """Whether what was folded from the restored log is the state that was copied. Raises Broken when it is another."""
    if not manifest.state:
        return False
    if manifest.state == digest.digest(app.replica.directory):
        return True
    if manifest.fold == snapshot.fold_version().hex():
        raise errors.Broken(
            "The records were restored as they were, and yet the state folded from them is not the one that was copied,"
            " by the very same code: that is a defect. `muniment rebuild --check` says where it differs; `muniment"
            " restored --force` accepts what is folded here."
        )
    warnings.append(
        f"The copy was made by muniment {manifest.release}, which folds the log in another way: the states were not"
        " compared. The records are the same, by their root."
    )
    return False


async def _copied_in(
    settings: Settings, file: Path, keys_file: Path, keys: Keys, manifest: Manifest, people: People
) -> None:
    async with AsyncExitStack() as stack:
        later = set(manifest.migrations) - {one.name for one in migrate.migrations()}
        if later:
            raise errors.Refused(
                "later_release",
                f"The copy was made by a later release ({manifest.release}, with {', '.join(sorted(later))}). Restore"
                " with that one.",
            )
        await database.migrated(settings, stack)
        dsn, _ = await database.owner(settings, stack)
        connection = await connect.connect(dsn, settings.schema, "restore")
        stack.push_async_callback(connect.close, connection)
        async with connection.transaction():
            await connection.execute("select set_config('statement_timeout', '0', true)")
            await backup.require_empty(connection, settings.schema)
            with output.progress("Restoring") as tell:
                again = await backup.copy_in(connection, file, keys, tell, manifest.position)
                await backup.copy_in(connection, keys_file, keys, tell, manifest.position)
            if again != manifest:
                raise errors.Broken(f"{file} changed while it was restored; nothing was kept.")
            await backup.destroy(connection, [key for held in people.values() for key in held])


def _forgotten(settings: Settings, keys: Keys, account: str, beside: bytes, lists: Sequence[Path]) -> People:
    """Everybody on any list: this machine's, the one that was copied, and those that were brought along."""
    here = data_directory.forgotten_file(settings)
    found = [forgotten.decode(path.read_bytes(), keys, str(path)) for path in lists]
    found += [one] if (one := forgotten.recall(here, keys)) is not None else []
    found += [forgotten.decode(beside, keys, "the file of keys")] if beside else []
    for path, one in zip(lists, found, strict=False):
        if one.account != account:
            raise errors.Refused("another_account", f"{path} is the list of the account {one.account}.")
    return forgotten.united(one.people for one in found if one.account == account)


def _require_halves(record: Manifest, apart: Manifest, file: Path, keys_file: Path) -> None:
    for manifest, path, wanted in ((record, file, "record"), (apart, keys_file, "keys")):
        if manifest.holds != wanted:
            raise errors.Refused(
                "other_half", f"{path} holds the {manifest.holds}: the two files were exchanged."
            )
    copying.require_belonging(record, apart, keys_file)


def _require_own_memory(settings: Settings, keys: Keys, manifest: Manifest) -> None:
    """Raise Refused where this machine remembers another account's log: its memory would be overwritten."""
    path = data_directory.seen_file(settings)
    seen = witness.recall(path, keys)
    if seen is not None and seen.account != manifest.account:
        raise errors.Refused(
            "another_account",
            f"{path} remembers the log of another account ({seen.account}). Restore with another MUNIMENT_DATA_DIR or"
            " MUNIMENT_SCHEMA, or remove that file if its log is given up.",
        )
