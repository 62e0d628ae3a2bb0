"""The list of forgotten people beside the database."""

import stat
from pathlib import Path

import pytest

from service import errors
from service.log import forgotten
from service.log.keys import Keys
from service.vocabulary import KeyId, PrincipalId
from tests.log import records

ONE, OTHER = PrincipalId("p1"), PrincipalId("p2")
K1, K2 = KeyId("k1"), KeyId("k2")


def test_the_list_only_grows(tmp_path: Path) -> None:
    """A restored database knows fewer of the forgotten; what was listed stays listed."""
    path = tmp_path / "deep" / "forgotten.json"
    assert forgotten.recall(path, records.KEYS) is None
    forgotten.remember(path, "a", {ONE: (K1,)}, records.KEYS)
    forgotten.remember(path, "a", {OTHER: (K2,)}, records.KEYS)
    forgotten.remember(path, "a", {}, records.KEYS)
    kept = forgotten.recall(path, records.KEYS)
    assert forgotten.Forgotten(account="a", people={ONE: (K1,), OTHER: (K2,)}) == kept
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert [path] == list(path.parent.iterdir())


def test_another_account_begins_a_list_of_its_own(tmp_path: Path) -> None:
    """Keys of another account's people say nothing about this one's."""
    path = tmp_path / "forgotten.json"
    forgotten.remember(path, "a", {ONE: (K1,)}, records.KEYS)
    forgotten.remember(path, "b", {OTHER: (K2,)}, records.KEYS)
    kept = forgotten.recall(path, records.KEYS)
    assert forgotten.Forgotten(account="b", people={OTHER: (K2,)}) == kept


def test_nobody_else_writes_it(tmp_path: Path) -> None:
    """A list that was edited, or that another key signed, is refused: it decides whose keys are destroyed."""
    path = tmp_path / "forgotten.json"
    forgotten.remember(path, "a", {ONE: (K1,)}, records.KEYS)
    text = path.read_bytes()
    for changed, keys in (
        (text.replace(b"p1", b"p2"), records.KEYS),
        (text, Keys.derived(b"x" * 32)),
        (b"{}", records.KEYS),
        (b"", records.KEYS),
    ):
        path.write_bytes(changed)
        with pytest.raises(errors.Broken, match="forgotten people"):
            forgotten.recall(path, keys)
