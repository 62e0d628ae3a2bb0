"""One cluster: made once, started, found alive, and stopped. Callers hold the starting lock of the data directory."""

import contextlib
import hashlib
import logging
import os
import re
import shutil
import stat
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Final

from service import embedded_account, embedded_postmaster, errors

DIRECTORY: Final = "postgres"
PORT: Final = 5432
"""Part of the socket's name, no TCP port."""

_SOCKET_PATH_BYTES_MAX: Final = 103  # 108 on Linux and 104 on macOS, with the closing zero.
_LOG_BYTES_MAX: Final = 10 * 1024 * 1024
_START_SECONDS_MAX: Final = 600.0  # Recovery after a crash replays at most some minutes of writing.
_ZOMBIE_SECONDS_MAX: Final = 10.0
_REFUSALS_MAX: Final = 60  # About half a minute.
_SETTINGS: Final = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    # What was acknowledged survives the loss of power; nobody may have turned this off by a template.
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # The log goes to postgres.log beside the cluster; checkpoints every five minutes are no news.
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] %q%u@%d ",
}
_log = logging.getLogger("muniment.embedded")


class Cluster:
    """The server's files and first process, of one data directory."""

    def __init__(self, data_dir: Path, account: embedded_account.Account | None) -> None:
        self.data_dir = data_dir
        self.directory = data_dir / DIRECTORY
        self._account = account
        self._installation: Path | None = None

    def start(self, password: str, owner: str) -> Path:
        """Make the cluster if there is none, start it unless it runs. The result is its socket's directory.

        Raises Unavailable with the last lines of Postgres' log when it does not come up.
        """
        if not (self.directory / "PG_VERSION").exists():
            self._initialise(password, owner)
        if not embedded_postmaster.lives(self.directory):
            self._refuse_another_release()
            self._start()
        return embedded_postmaster.socket_dir(self.directory)

    def stop(self) -> None:
        """Stop the server if it runs: open transactions are ended, everything committed is on disk."""
        if not embedded_postmaster.lives(self.directory):
            return
        stopped = self._run("pg_ctl", "stop", "-D", DIRECTORY, "-m", "fast", "-w", "-t", "60", "--silent")
        if stopped.returncode != 0 and embedded_postmaster.lives(self.directory):
            _log.error("Postgres did not stop: %s", stopped.stdout.strip())

    def _initialise(self, password: str, owner: str) -> None:
        """A cluster that is complete or absent: it gets its name only when it is whole."""
        _log.info("Making a Postgres cluster in %s", self.directory)
        if self.directory.exists():
            raise errors.Invalid(
                f"{self.directory} exists and is no Postgres cluster. Move it away, or set MUNIMENT_DATA_DIR.",
                "MUNIMENT_DATA_DIR",
            )
        unfinished, secret = self.data_dir / "postgres.new", self.data_dir / "postgres.password.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        secret.unlink(missing_ok=True)
        unfinished.mkdir(mode=0o700)
        self._give(unfinished)
        try:
            descriptor = os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(password + "\n")
            self._give(secret)
            # C orders text by bytes: the same on every system and after every update of its libraries.
            made = self._run(
                "initdb", "-D", unfinished.name, f"--username={owner}", f"--pwfile={secret.name}",
                "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-instructions",
            )  # fmt: skip
        finally:
            secret.unlink(missing_ok=True)
        if made.returncode != 0:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise errors.Unavailable(
                f"Postgres could not make its cluster in {self.data_dir}: {made.stdout.strip()}"
            )
        unfinished.rename(self.directory)

    def _start(self) -> None:
        """Try until it runs: after a kill the dead process may take a while to leave the process table."""
        self._write_settings()
        self._turn_log()
        deadline = time.monotonic() + _START_SECONDS_MAX
        refusals = 0
        while True:
            self._clear_the_way()
            started = self._run(
                "pg_ctl", "start", "-D", DIRECTORY, "-o", "-c config_file=postgres.conf", "-l", "postgres.log",
                "-w", "-t", "10", "--silent",
            )  # fmt: skip
            if started.returncode == 0:
                return
            while embedded_postmaster.lives(self.directory) and time.monotonic() < deadline:
                _log.info("Postgres is recovering")
                if embedded_postmaster.is_ready(self.directory):
                    return
                time.sleep(0.2)
            refusals += 1
            # Children of a killed server hold its memory until they notice its end; then the next try succeeds.
            if refusals > _REFUSALS_MAX or time.monotonic() > deadline:
                break
            time.sleep(0.1 if refusals < 20 else 0.5)
        raise errors.Unavailable(
            f"Postgres does not start. The end of {self.data_dir / 'postgres.log'}: {self._last_words()}"
        )

    def _clear_the_way(self) -> None:
        """Deal with the file by which a server that did not end properly still claims the cluster.

        Postgres itself removes the file of a process that is gone. The file is removed here only if the process that
        has its number is certainly no server of this cluster (a number used again after a restart of a container), or
        is dead and its parent has not taken note for a long while. Postgres moreover refuses memory that a
        living child of the dead server still uses.
        """
        claimed = embedded_postmaster.claimed(self.directory)
        if claimed is None:
            return
        deadline = time.monotonic() + _ZOMBIE_SECONDS_MAX
        while (
            state := embedded_postmaster.state(claimed, self.directory)
        ) == "zombie" and time.monotonic() < deadline:
            # Where the service is process 1 of a container, the orphan became its child: take note of its end.
            with contextlib.suppress(ChildProcessError):
                os.waitpid(claimed, os.WNOHANG)
            time.sleep(0.05)
        if state in ("another", "zombie"):
            _log.warning(
                "Removing the postmaster.pid of process %d, which is no Postgres of this cluster", claimed
            )
            (self.directory / "postmaster.pid").unlink(missing_ok=True)

    def _write_settings(self) -> None:
        """Beside the cluster, not in it: as root nothing is written where the account could have laid a link."""
        settings = _SETTINGS | {"unix_socket_directories": str(self._socket_dir())}
        lines = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in settings.items()]
        new = self.data_dir / "postgres.conf.new"
        new.write_text(
            "# Written at every start; service/embedded_cluster.py says why. What initdb chose comes first.\n"
            f"include '{DIRECTORY}/postgresql.conf'\n" + "".join(lines)
        )
        new.chmod(0o644)
        new.replace(self.data_dir / "postgres.conf")

    def _socket_dir(self) -> Path:
        """Beside the cluster where the path is short and plain enough, otherwise in the temporary directory."""
        near = self.data_dir / "postgres.socket"
        if _fits(near):
            directory = near
        else:
            digest = hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:16]
            directory = Path(tempfile.gettempdir(), f"muniment-{digest}")
        with contextlib.suppress(FileExistsError):
            directory.mkdir(mode=0o700)
            self._give(directory)
        found = directory.lstat()
        ours = self._account.uid if self._account else os.geteuid()
        if (
            not stat.S_ISDIR(found.st_mode)
            or found.st_uid != ours
            or found.st_mode & 0o077
            or not _fits(directory)
        ):
            raise errors.Invalid(
                f"Postgres' socket needs {directory} as a private directory with a short path, and it is not. "
                "Remove it, or set MUNIMENT_DATA_DIR to a shorter path.",
                "MUNIMENT_DATA_DIR",
            )
        return directory

    def _refuse_another_release(self) -> None:
        made_by = (self.directory / "PG_VERSION").read_text().strip()
        brought = self._run("postgres", "--version").stdout
        if not re.search(rf"\b{re.escape(made_by)}\.", brought):
            raise errors.Invalid(
                f"{self.directory} was made by Postgres {made_by}, and this installation brings {brought.strip()}. "
                "Dump it with the release that made it and load the dump into an empty data directory.",
                "MUNIMENT_DATA_DIR",
            )

    def _turn_log(self) -> None:
        path = self.data_dir / "postgres.log"
        if path.exists() and path.stat().st_size > _LOG_BYTES_MAX:
            path.replace(path.with_suffix(".log.1"))
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
        self._give(path)

    def _last_words(self) -> str:
        with (self.data_dir / "postgres.log").open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 1500))
            return file.read().decode(errors="replace").strip()

    def _give(self, path: Path) -> None:
        """Hand a path made here to the account that runs Postgres."""
        if self._account:
            os.chown(path, self._account.uid, self._account.gid, follow_symlinks=False)

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of Postgres' programs in the data directory, so that no path of ours meets a shell of theirs.

        It gets an environment of its own: ours holds secrets, and PG… variables would redirect it.
        """
        if self._installation is None:
            self._installation = embedded_account.installation(self._account, self.data_dir)
        # The server inherits the output's descriptor, so a pipe would never end: a file does.
        with tempfile.TemporaryFile("w+", errors="replace") as output:
            run = subprocess.run(
                [str(self._installation / "bin" / program), *arguments],
                cwd=self.data_dir,
                env={"PATH": os.defpath, "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
                **embedded_account.as_account(self._account),
            )
            output.seek(0)
            return subprocess.CompletedProcess(run.args, run.returncode, output.read(), "")


def _fits(directory: Path) -> bool:
    """Room for the socket's name, and no character that a list of directories or an address gives a meaning to."""
    path = str(directory / f".s.PGSQL.{PORT}")
    return (
        len(os.fsencode(path)) <= _SOCKET_PATH_BYTES_MAX and re.fullmatch(r"[\w./ +=@~-]+", path) is not None
    )
