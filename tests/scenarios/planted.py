"""Looking for planted values in whatever a service leaves behind, in every form in which one could get there.

A value has a core of letters and digits, which most writing leaves as it is, and signs around it that JSON, addresses
and shells write otherwise. Looked for are the core, in every form that writes it otherwise, and digests of the whole.
"""

import base64
import binascii
import gzip
import hashlib
import random
import string
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

CORE_LENGTH: Final = 24
_DIGESTS: Final = ("md5", "sha1", "sha256")
_SIGNS: Final = "+/ \"\\'%&=~"
"""Around a core, so that a form that was escaped is another one than the value itself."""


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """What was planted where: `name` says which, and is all that a failure tells."""

    name: str
    text: str
    core: str


class Found(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A planted value that is where it must not be."""

    value: str
    form: str
    place: str


def drawn(name: str, chance: random.Random, *, plain: bool = False) -> Value:
    """A value that nothing else can hold. With `plain` letters and digits alone, for what takes nothing else."""
    while True:
        core = "".join(chance.choices(string.ascii_letters + string.digits, k=CORE_LENGTH))
        text = core if plain else f"~{core}{_SIGNS}"
        value = Value(name=name, text=text, core=core)
        if not any(0 in form for form in forms(value).values()):  # zeros are taken out of what is searched
            return value


def forms(value: Value) -> dict[str, bytes]:
    """Every form that is looked for, by its name. Those of two octets a letter are found by taking the zeros out."""
    core, whole = value.core.encode(), value.text.encode()
    found = {
        "plain": core,
        "small letters": core.lower(),
        "capital letters": core.upper(),
        "reversed": core[::-1],
        "percent": "".join(f"%{octet:02x}" for octet in core).encode(),
        "PERCENT": "".join(f"%{octet:02X}" for octet in core).encode(),
        "JSON": "".join(f"\\u{octet:04x}" for octet in core).encode(),
        "JSON CAPITALS": "".join(f"\\u{octet:04X}" for octet in core).encode(),
        "hexadecimal": binascii.hexlify(core),
        "HEXADECIMAL": binascii.hexlify(core).upper(),
        "rot13": core.decode().translate(_ROT13).encode(),
    }
    for shift in range(3):
        found[f"base64, behind {shift} octets"] = _middle(base64.b64encode(bytes(shift) + core), shift)
    for name in _DIGESTS:
        for what, octets in (("core", core), ("whole", whole)):
            digest = hashlib.new(name, octets).digest()
            found[f"{name} of the {what}"] = digest
            found[f"{name} of the {what}, hexadecimal"] = binascii.hexlify(digest)
            found[f"{name} of the {what}, HEXADECIMAL"] = binascii.hexlify(digest).upper()
            found[f"{name} of the {what}, base64"] = base64.b64encode(digest).rstrip(b"=")
            found[f"{name} of the {what}, base64 for addresses"] = base64.urlsafe_b64encode(digest).rstrip(
                b"="
            )
    return found


def search(values: Iterable[Value], places: Iterable[tuple[str, bytes]]) -> list[Found]:
    """Where any form of any of the values stands."""
    wanted = [(value.name, form, needle) for value in values for form, needle in forms(value).items()]
    found = []
    for place, octets in places:
        packed = octets.replace(b"\0", b"")  # UTF-16 and UTF-32 become plain, and empty pages small
        found += [
            Found(value=name, form=form, place=place) for name, form, needle in wanted if needle in packed
        ]
    return sorted(found)


def files(directory: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below the directory, and what is packed in it."""
    for path in sorted(directory.rglob("*")):
        if path.is_file() and not path.is_symlink():
            octets = path.read_bytes()
            yield str(path.relative_to(directory)), octets
            yield from unpacked(str(path.relative_to(directory)), path, octets)


def unpacked(name: str, path: Path, octets: bytes) -> Iterator[tuple[str, bytes]]:
    """What an archive or a packed file holds."""
    if not octets.startswith(b"\x1f\x8b"):
        return
    yield f"{name}, unpacked", gzip.decompress(octets)
    if tarfile.is_tarfile(path):
        with tarfile.open(path) as archive:
            for member in archive.getmembers():
                file = archive.extractfile(member)
                if file is not None:
                    yield f"{name}: {member.name}", file.read()


def inflated(octets: bytes) -> bytes:
    """What zlib packed, or the octets as they are."""
    try:
        return zlib.decompress(octets)
    except zlib.error:
        return octets


_ROT13: Final = str.maketrans(
    string.ascii_letters,
    "".join(part[13:] + part[:13] for part in (string.ascii_lowercase, string.ascii_uppercase)),
)


def _middle(text: bytes, shift: int) -> bytes:
    """The part of a base64 text that depends on the core alone, whatever stood before and behind it."""
    head = (shift * 8 + 5) // 6  # characters that hold a bit of what stood before
    return text[head : (shift + CORE_LENGTH) * 8 // 6]
