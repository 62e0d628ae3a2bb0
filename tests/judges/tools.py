"""The foreign programs: fetched once into `.judges/`, the clients in exactly the versions of tests/judges/clients.

Of the clients nothing is fetched but what those locks name, by hash, and no package's own script is run while it is
installed. The proxies are Debian's packages, taken apart and installed nowhere, so that no service of theirs starts.
"""

import asyncio
import fcntl
import hashlib
import os
import shutil
import sys
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from tests.judges import programs

ROOT: Final = Path(__file__).parents[2]
LOCKS: Final = Path(__file__).with_name("clients")
HOME: Final = ROOT / ".judges"
FETCH_SECONDS_MAX: Final = 300.0
_SOON: Final = ("--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000")
"""Without a network npm would go on trying for minutes before it says so."""
_QUIET: Final = ("apt-get", "-qq", "-o", "Dpkg::Use-Pty=0")


class Absent(Exception):
    """A client cannot be had here; the sentence says why."""


class Tools(msgspec.Struct, frozen=True):
    """Where the clients are, or why they are not."""

    ruby: Path | Absent
    rust: Path | Absent
    """The directories that hold the older and the newer package from npm."""
    python: Path | Absent
    """The directory of an environment of Python that holds pact-python."""
    nginx: Path | Absent
    caddy: Path | Absent
    """The proxies' programs."""


def pact_cli(directory: Path | Absent, program: str) -> tuple[str, ...]:
    """The words that start a program of a package from npm. Raises Absent."""
    node = shutil.which("node")
    found = _present(directory) / "node_modules" / "@pact-foundation" / "pact-cli" / "bin" / f"{program}.js"
    if node is None or not found.is_file():
        raise Absent(f"the package has no {program}")
    return node, str(found)


def interpreter(directory: Path | Absent) -> str:
    """The Python of an environment. Raises Absent."""
    return str(_present(directory) / "bin" / "python")


def program(path: Path | Absent) -> str:
    """What starts a program. Raises Absent."""
    return str(_present(path))


def _present(directory: Path | Absent) -> Path:
    if isinstance(directory, Absent):
        raise directory
    return directory


async def fetched() -> Tools:
    """Everything that can be had here, fetched where it is not here yet."""
    HOME.mkdir(exist_ok=True)
    with _alone():
        # One after the other where apt is needed: it lets in one at a time.
        nginx, caddy = [await _or_why(_unpacked(name)) for name in ("nginx", "caddy")]
        (ruby, rust), python = await asyncio.gather(_npm(), _or_why(_python()))
    return Tools(ruby, rust, python, nginx, caddy)


async def _or_why(fetching: Awaitable[Path]) -> Path | Absent:
    try:
        return await fetching
    except Absent as why:
        return why


async def _npm() -> tuple[Path | Absent, Path | Absent]:
    """Both packages from npm. Node and npm come by apt where they are missing and we are root."""
    try:
        if shutil.which("node") is None or shutil.which("npm") is None:
            await _apt("nodejs", "npm")
    except Absent as why:
        return why, why
    return await asyncio.gather(_or_why(_package("ruby")), _or_why(_package("rust")))


async def _package(name: str) -> Path:
    lock, directory = LOCKS / name / "package-lock.json", HOME / name
    if not _is_installed(directory, lock):
        shutil.rmtree(directory, ignore_errors=True)
        shutil.copytree(lock.parent, directory)
        # `npm ci` would refuse a lock without the packages of other platforms, which npm leaves out of it.
        quiet = ("--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        await _ran("npm", "install", *quiet, *_SOON, directory=directory)
        _note(directory, lock)
    return directory


async def _python() -> Path:
    lock, directory = LOCKS / "requirements.lock", HOME / "python"
    if not _is_installed(directory, lock):
        shutil.rmtree(directory, ignore_errors=True)
        await _ran(sys.executable, "-I", "-m", "venv", str(directory))
        pip = (
            interpreter(directory),
            "-I",
            "-m",
            "pip",
            "--disable-pip-version-check",
            "--no-input",
            "--quiet",
        )
        await _ran(*pip, "install", "--require-hashes", "--only-binary", ":all:", "-r", str(lock))
        _note(directory, lock)
    return directory


async def _unpacked(name: str) -> Path:
    """A program of Debian's: the machine's own, or out of its package, which apt fetches and nobody installs."""
    own = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if own is not None:
        return Path(own)
    directory = HOME / name
    found = next(
        (one for part in ("sbin", "bin") if (one := directory / "usr" / part / name).is_file()), None
    )
    if found is not None:
        return found
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise Absent(f"{name} is missing here, and fetching it takes apt")
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    if os.geteuid() == 0:
        await _ran(*_QUIET, "update")
    await _ran(*_QUIET, "download", name, directory=directory)
    package = next(directory.glob("*.deb"), None)
    if package is None:
        raise Absent(f"apt fetched no package {name}")
    await _ran("dpkg-deb", "--extract", str(package), str(directory))
    return await _unpacked(name)


async def _apt(*packages: str) -> None:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise Absent(f"{' and '.join(packages)} are missing here, and installing them takes root and apt")
    await _ran(*_QUIET, "update")
    await _ran(*_QUIET, "install", "--yes", "--no-install-recommends", *packages)


async def _ran(*words: str, directory: Path = ROOT) -> None:
    """Run an installer with the caller's own settings. Raises Absent with its last words where it fails."""
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        said = await programs.run(*words, environ=environ, directory=directory, seconds_max=FETCH_SECONDS_MAX)
    except OSError as failure:
        raise Absent(f"{words[0]} cannot be started: {failure}") from failure
    if said.code != 0:
        raise Absent(f"{' '.join(words[:3])} ended with {said.code}: {said.text.strip()[-400:]}")


def _is_installed(directory: Path, lock: Path) -> bool:
    note = directory / "installed"
    return note.is_file() and note.read_text() == _digest(directory, lock)


def _note(directory: Path, lock: Path) -> None:
    (directory / "installed").write_text(_digest(directory, lock))


def _digest(directory: Path, lock: Path) -> str:
    """What an installation depends on; the path is part of it because an environment of Python cannot be moved."""
    return hashlib.sha256(str(directory).encode() + lock.read_bytes()).hexdigest()


@contextmanager
def _alone() -> Iterator[None]:
    """One installer at a time. The lock belongs to the open file, so it ends with whoever holds it."""
    with (HOME / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
