"""Every statement that stands in a file of its own is prepared against the real schema."""

from pathlib import Path

import asyncpg
import pytest

from service.log import connect, migrate
from tests import postgres

ROOT = Path(__file__).parents[2]
FILES = sorted(
    file for package in ("service", "projections") for file in (ROOT / package).glob("**/sql/*.sql")
)
OWNERS = frozenset(
    {
        "create_migration_table",
        "record_migration",
        "release_head",
        "guard_head",
        "restore_head",
        "rewrap_vault",
        "rewrap_person_key",
    }
)
"""What only the tables' owner runs."""


async def test_every_statement_fits_the_schema(database: postgres.Database) -> None:
    """A column that was renamed is found here and not in production."""
    assert FILES
    owner = await connect.connect(database.owner_dsn, "muniment", "migrate")
    await migrate.migrate(owner, "muniment", database.service_role)
    service = await connect.connect(database.service_dsn, "muniment", "check")
    wrong = []
    for file in FILES:
        connection = owner if file.stem in OWNERS else service
        try:
            await connection.prepare(file.read_text(encoding="utf-8"))
        except asyncpg.PostgresError as failure:
            wrong.append(f"{file.relative_to(ROOT)}: {failure}")
    assert [] == wrong
    await service.close()
    await owner.close()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_holds_one_statement_and_says_what_it_does(file: Path) -> None:
    """SQL is read by people too: a comment first, then one statement without its semicolon or a schema's name."""
    text = file.read_text(encoding="utf-8")
    statement = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
    assert text.startswith("-- ")
    assert ";" not in statement
    assert "muniment." not in statement
