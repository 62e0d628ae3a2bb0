"""The search for planted values can fail: whatever form a value takes, it is found."""

import base64
import binascii
import gzip
import hashlib
import io
import json
import random
import tarfile
import urllib.parse
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.scenarios import planted
from tests.scenarios.planted import Value

VALUE = planted.drawn("the value", random.Random(1))  # noqa: S311  # repeatable on purpose


def in_base64(text: str, before: int) -> bytes:
    """The text behind so many other octets, in base64."""
    return base64.b64encode(b"x" * before + text.encode() + b" and more")


def digested(text: str, name: str, write: Callable[[bytes], bytes]) -> bytes:
    """The text's digest, written so."""
    return write(hashlib.new(name, text.encode()).digest())


WRITING: dict[str, Callable[[bytes], bytes]] = {
    "octets": bytes,
    "hexadecimal": binascii.hexlify,
    "base64": base64.b64encode,
}
WRITTEN: dict[str, Callable[[str], bytes]] = {
    "as it is": str.encode,
    "in capitals": lambda text: text.upper().encode(),
    "percent encoded": lambda text: urllib.parse.quote(text, safe="").encode(),
    "in a form": lambda text: urllib.parse.urlencode({"token": text}).encode(),
    "in JSON": lambda text: json.dumps({"token": text}).encode(),
    "in JSON within JSON": lambda text: json.dumps(json.dumps({"token": text})).encode(),
    "in hexadecimal": lambda text: text.encode().hex().encode(),
    "in UTF-16": lambda text: text.encode("utf-16-le"),
    "in UTF-16, the other way": lambda text: text.encode("utf-16-be"),
    "in UTF-32": lambda text: text.encode("utf-32"),
    "reversed": lambda text: text[::-1].encode(),
    "Basic": lambda text: base64.b64encode(f"a user:{text}".encode()),
    **{f"base64 behind {before}": partial(in_base64, before=before) for before in range(6)},
    **{
        f"{name} in {how}": partial(digested, name=name, write=write)
        for name in ("md5", "sha1", "sha256")
        for how, write in WRITING.items()
    },
}


@pytest.mark.parametrize("written", WRITTEN)
def test_a_value_is_found_in_every_form(written: str) -> None:
    """Among other octets, wherever it begins."""
    chance = random.Random(written)  # noqa: S311  # repeatable on purpose
    for before in (0, 7, 8_191):
        octets = chance.randbytes(before) + WRITTEN[written](VALUE.text) + chance.randbytes(500)
        assert planted.search([VALUE], [("here", octets)])


def test_what_is_not_there_is_not_found() -> None:
    """Other values, and a few letters of this one, are none."""
    other = planted.drawn("other", random.Random(2))  # noqa: S311  # repeatable on purpose
    octets = b"".join(planted.forms(other).values()) + VALUE.core[:12].encode()
    assert [] == planted.search([VALUE], [("here", octets)])


def test_files_are_searched_whole_and_what_is_packed_in_them_unpacked(tmp_path: Path) -> None:
    """At any depth; in an archive by its members."""
    (tmp_path / "deep" / "down").mkdir(parents=True)
    (tmp_path / "deep" / "down" / "log").write_text(f"said {VALUE.text}")
    (tmp_path / "packed.gz").write_bytes(gzip.compress(VALUE.text.encode()))
    with tarfile.open(tmp_path / "archive", "w:gz") as archive:
        member = tarfile.TarInfo("vault.csv")
        member.size = len(VALUE.text.encode())
        archive.addfile(member, io.BytesIO(VALUE.text.encode()))
    places = {one.place for one in planted.search([VALUE], planted.files(tmp_path))}
    assert {"deep/down/log", "packed.gz, unpacked", "archive: vault.csv"} <= places


def test_values_are_distinct() -> None:
    """Two values of one run have nothing in common, so that a finding names the right one."""
    chance = random.Random(3)  # noqa: S311  # repeatable on purpose
    one, two = planted.drawn("one", chance), planted.drawn("two", chance, plain=True)
    assert isinstance(one, Value)
    assert not set(planted.forms(one).values()) & set(planted.forms(two).values())
