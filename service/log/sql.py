"""The SQL of the log, one statement a file in `sql/`, named as what it does. No statement names a schema."""

from functools import cache
from importlib import resources


@cache
def text(name: str) -> str:
    """The statement in `sql/<name>.sql`."""
    return resources.files("service.log").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
