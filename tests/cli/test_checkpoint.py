"""`muniment checkpoint`: what leaves the house proves later what was in it."""

from pathlib import Path

from service.log import checkpoint
from tests.cli.conftest import Terminal


def test_a_checkpoint_that_was_kept_proves_the_log(terminal: Terminal, tmp_path: Path) -> None:
    """The note is the signed bytes: its printed verifier key checks it, and `verify` holds the log against it."""
    note = terminal("checkpoint").out
    key = terminal("checkpoint", "--verifier").out.strip()
    assert 0 < checkpoint.verify(note, key).size
    assert {"checkpoint": note, "verifier": key, "verifiers": [key]} == terminal("checkpoint", "--json").json
    (tmp_path / "kept.note").write_text(note)
    assert 0 == terminal("verify", "--checkpoint", str(tmp_path / "kept.note")).code


def test_there_is_none_where_no_account_is(seated: object) -> None:
    """Like every other command, it makes nothing and says what would."""
    assert callable(seated)
    printed = seated(None)("checkpoint")
    assert 2 == printed.code
    assert "muniment serve" in printed.err
