"""The statements are those of the release that runs."""

from importlib import resources
from pathlib import Path

import pytest

from service.log import sql


def test_a_release_that_is_installed_beneath_a_service_does_not_reach_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once one statement was asked for all are at hand: a later first use reads no file that was replaced meanwhile."""
    folder = tmp_path / "sql"
    folder.mkdir()
    for name in ("one", "two"):
        (folder / f"{name}.sql").write_text(f"select '{name}'")
    monkeypatch.setattr(resources, "files", lambda _package: tmp_path)
    assert "select 'one'" == sql.texts("a package of its own")["one"]
    (folder / "one.sql").unlink()
    (folder / "two.sql").write_text("select 'the next release'")
    assert {"one": "select 'one'", "two": "select 'two'"} == sql.texts("a package of its own")
