"""`config`, `migrate`, `doctor`, and the program itself."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import asyncpg
import click
import pytest

from service.cli import main
from tests import postgres, service
from tests.cli.conftest import Terminal

Seat = Callable[[postgres.Database | None], Terminal]


def test_config_shows_values_sources_and_no_secret(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every setting with where it came from; keys and passwords are masked in both forms."""
    monkeypatch.setenv("MUNIMENT_ADMIN_TOKEN", service.ADMIN_TOKEN)
    password = terminal.environ["DATABASE_URL"].split(":")[2].split("@")[0]
    for printed in (terminal("config"), terminal("config", "--json")):
        assert 0 == printed.code
        assert "MUNIMENT_DATA_DIR" in printed.out
        for secret in (service.KEY, service.ADMIN_TOKEN, password):
            assert secret not in printed.out + printed.err
    settings = terminal("config", "--json").json["settings"]
    assert {"value": "muniment", "source": "default"} == settings["MUNIMENT_SCHEMA"]
    assert "environment" == settings["BASE_URL"]["source"]


def test_a_misspelt_setting_is_a_warning(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command that reads the settings says so on stderr, with the nearest name, and goes on."""
    monkeypatch.setenv("MUNIMENT_SHCEMA", "other")
    for arguments in (("config",), ("can", "kevin", "role:manage", "role:*")):
        printed = terminal(*arguments)
        assert 0 == printed.code
        assert "MUNIMENT_SCHEMA?" in printed.err
    assert 1 == len(terminal("config", "--json").json["warnings"])


def test_a_bad_setting_is_an_error(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 2 with the variable's name and what would be right."""
    monkeypatch.setenv("PORT", "many")
    printed = terminal("config")
    assert (2, "") == (printed.code, printed.out)
    assert "PORT must be a number" in printed.err


def test_migrate_makes_the_tables_once(
    seated: Seat, database: postgres.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check says what is missing and exits 1; migrating is repeatable; then the check exits 0."""
    terminal = seated(database)
    before = terminal("migrate", "--check", "--json")
    assert (1, False) == (before.code, before.json["current"])
    monkeypatch.setenv("MUNIMENT_MIGRATE_URL", database.owner_dsn)
    assert before.json["missing"] == terminal("migrate", "--json").json["applied"]
    assert [] == terminal("migrate", "--json").json["applied"]
    assert 0 == terminal("migrate", "--check").code


def test_migrate_as_a_role_that_may_not_is_a_sentence(seated: Seat, database: postgres.Database) -> None:
    """Exit 6 and the setting that helps, without a stack trace; nothing was made."""
    terminal = seated(database)
    printed = terminal("migrate")
    assert (6, "") == (printed.code, printed.out)
    assert "MUNIMENT_MIGRATE_URL" in printed.err
    assert 1 == printed.err.count("\n")
    assert [] == terminal("migrate", "--check", "--json").json["applied"]


def test_a_healthy_installation(terminal: Terminal) -> None:
    """Exit 0, and every line ok or a warning."""
    printed = terminal("doctor", "--json")
    assert (0, True) == (printed.code, printed.json["healthy"])
    asked = {line["what"] for line in printed.json["lines"]}
    assert {
        "settings",
        "postgres",
        "encoding",
        "tables",
        "grants",
        "clock",
        "log",
        "epoch",
        "key",
        "trail",
    } <= asked
    assert {"ok", "warn"} >= {line["outcome"] for line in printed.json["lines"]}


def test_a_sick_installation(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another key and files that others may read are failures: exit 1, each on its line, with what would help."""
    data_dir = Path(terminal.environ["MUNIMENT_DATA_DIR"])
    data_dir.mkdir(mode=0o777)
    data_dir.chmod(0o777)
    (data_dir / "admin-token").write_text("mun_anybody-may-read-this\n")
    (data_dir / "admin-token").chmod(0o644)
    monkeypatch.setenv("MUNIMENT_KEY", "22" * 32)
    printed = terminal("doctor", "--json")
    failed = {line["what"] for line in printed.json["lines"] if line["outcome"] == "fail"}
    assert (1, {"data directory", "file admin-token", "key"}) == (printed.code, failed)
    assert 3 == terminal("doctor").out.count("FAIL")


@pytest.mark.parametrize(
    ("statement", "outcome", "named"),
    [
        ("revoke update on {schema}.token_use from {role}", "fail", "UPDATE on token_use"),
        ("revoke insert on {schema}.trail_touch from {role}", "fail", "INSERT on trail_touch"),
        ("grant delete on {schema}.checkpoint to {role}", "warn", "DELETE on checkpoint"),
        ("grant update on {schema}.vault to {role}", "warn", "UPDATE on vault"),
    ],
)
def test_doctor_knows_what_the_serving_role_is_granted(
    writing: Terminal, statement: str, outcome: str, named: str
) -> None:
    """A privilege that the service lacks on any table, and one by which the record could be changed, are named."""
    database = writing.database
    assert database is not None
    words = statement.format(schema="muniment", role=f'"{database.service_role}"')

    async def run() -> None:
        connection = await asyncpg.connect(database.owner_dsn)
        await connection.execute(words)
        await connection.close()

    postgres.run(run())
    line = next(one for one in writing("doctor", "--json").json["lines"] if "grants" == one["what"])
    assert outcome == line["outcome"]
    assert named in line["sentence"]


def test_doctor_says_what_it_could_not_reach(seated: Seat, database: postgres.Database) -> None:
    """Tables that are missing end the examination with a failure that names the command."""
    printed = seated(database)("doctor")
    assert 1 == printed.code
    assert "`muniment migrate`" in printed.out


@pytest.mark.parametrize("name", main.COMMANDS)
def test_every_command_is_there_and_helps(name: str) -> None:
    """The table of commands is true: each one exists under its name, with a help of its own."""
    command = main.program.get_command(click.Context(main.program), name)
    assert command is not None
    assert name == command.name
    assert command.help


@pytest.mark.parametrize("arguments", [["--help"], ["can", "--help"], ["--version"]])
def test_help_is_fast(arguments: list[str]) -> None:
    """Help imports neither the database nor the web: what it costs is Python and click."""
    heavy = "asyncpg", "aiohttp", "rich", "msgspec", "cryptography"
    program = (
        "import sys\nfrom service.cli import main\n"
        f"code = main.run({arguments!r})\n"
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)\n"
        "sys.exit(code)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "[]" == ran.stderr.strip()
    assert ran.stdout


@pytest.mark.parametrize("arguments", [("eat",), ("can",), ("can", "--nothing"), ("serve", "--port")])
def test_a_command_line_that_makes_no_sense(terminal: Terminal, arguments: tuple[str, ...]) -> None:
    """Exit 2, on stderr."""
    printed = terminal(*arguments)
    assert (2, "") == (printed.code, printed.out)
    assert printed.err


def test_a_file_out_of_reach_is_a_sentence(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the operating system refuses is told in one line, exit 5, without a stack trace."""
    monkeypatch.delenv("MUNIMENT_KEY")
    Path(terminal.environ["MUNIMENT_DATA_DIR"], "key").mkdir(
        parents=True
    )  # no file, and so unreadable to anybody
    printed = terminal("can", "kevin", "role:manage", "role:*")
    assert (5, "") == (printed.code, printed.out)
    assert 1 == printed.err.count("\n")
