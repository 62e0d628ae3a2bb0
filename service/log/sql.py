"""The SQL of the log, one statement a file in `sql/`, named as what it does. No statement names a schema."""

from collections.abc import Mapping
from functools import cache
from importlib import resources


def text(name: str) -> str:
    """The statement in `sql/<name>.sql`."""
    return texts("service.log")[name]


@cache
def texts(package: str) -> Mapping[str, str]:
    """Every statement in a package's `sql/`, by its name.

    All are read at the first question. Read one by one, the first use of each might find a release that was installed
    beneath the running service since, and send that one's statement.
    """
    return {
        file.name.removesuffix(".sql"): file.read_text(encoding="utf-8")
        for file in resources.files(package).joinpath("sql").iterdir()
        if file.name.endswith(".sql")
    }
