"""What each setting's text means: readers of (text, variable) that raise Invalid with what would be right.

No sentence repeats a value that may be a secret.
"""

import base64
import binascii
import re
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from service import errors, vocabulary

Network = IPv4Network | IPv6Network


def postgres_url(text: str, variable: str) -> str:
    """An address of Postgres, as asyncpg and libpq read it."""
    wrong = errors.Invalid(
        f"{variable} must be an address such as postgresql://user:password@host:5432/database.", variable
    )
    try:
        parts = urlsplit(text)
        _ = parts.port  # Reading it is what checks it.
    except ValueError:
        raise wrong from None  # The cause would show the password.
    if parts.scheme not in ("postgresql", "postgres") or not text.startswith(f"{parts.scheme}://"):
        raise wrong
    return text


def host(text: str, variable: str) -> str:
    """An address or a name to listen on; brackets around IPv6 are taken off."""
    bare = text.removeprefix("[").removesuffix("]")
    if not re.fullmatch(r"[A-Za-z0-9._:%-]{1,253}", bare):
        raise errors.Invalid(
            f"{variable} must be an address or a name to listen on, such as 127.0.0.1 or 0.0.0.0.", variable
        )
    return bare


def port(text: str, variable: str) -> int:
    """A TCP port; 0 stands for one that the system chooses."""
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > 65_535:
        raise errors.Invalid(f"{variable} must be a number from 0 to 65535, such as 9292.", variable)
    return int(text)


def base_url(text: str, variable: str) -> str:
    """An http or https address without query, as links start with it; no slash at the end."""
    try:
        parts: SplitResult | None = urlsplit(text)
        sound = (
            parts is not None
            and parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and "@" not in parts.netloc
            and not parts.query
            and not parts.fragment
            and re.fullmatch(r"[\x21-\x7e]+", text) is not None
            and (parts.port or 1) > 0
        )
    except ValueError:
        sound = False
    if not sound:
        raise errors.Invalid(
            f"{variable} must be how clients reach the service, such as https://muniment.example.org or "
            "https://example.org/muniment.",
            variable,
        )
    return text.rstrip("/")


def networks(text: str, variable: str) -> tuple[Network, ...]:
    """Addresses and networks, separated by commas. One with host bits set is a slip, not a network."""
    found = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            found.append(ip_network(part))
        except ValueError as failure:
            raise errors.Invalid(
                f"{variable} holds {part!r}, which is no address or network ({failure}). It must be such as "
                "127.0.0.1, 10.0.0.0/8, separated by commas.",
                variable,
            ) from failure
    return tuple(found)


def schema(text: str, variable: str) -> str:
    """Lower case only, so that quoted and unquoted it is the same; `pg_` belongs to Postgres. At most 63 bytes."""
    if (
        not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", text)
        or text.startswith("pg_")
        or text == "information_schema"
    ):
        raise errors.Invalid(
            f"{variable} must be a name of lower-case letters, digits and underscores, at most 63, starting with a "
            "letter and not with pg_, such as muniment.",
            variable,
        )
    return text


def directory(text: str, variable: str) -> Path:
    """A path from the root; whether it exists is seen when it is used."""
    if "\0" in text or not Path(text).is_absolute():
        raise errors.Invalid(
            f"{variable} must be a path from the root, such as /var/lib/muniment: a relative one would be another "
            "directory after each cd.",
            variable,
        )
    return Path(text)


def file(text: str, variable: str) -> Path:
    """A path; what is there is read when it is needed."""
    if "\0" in text or text.endswith("/"):
        raise errors.Invalid(f"{variable} must be a file's path, such as /etc/muniment/tls.pem.", variable)
    return Path(text)


def seconds(text: str, variable: str) -> int:
    """A whole number of seconds, an hour at most."""
    if not re.fullmatch(r"[0-9]{1,4}", text) or int(text) > 3_600:
        raise errors.Invalid(f"{variable} must be a number of seconds from 0 to 3600, such as 10.", variable)
    return int(text)


def delays(text: str, variable: str) -> tuple[int, ...]:
    """Seconds separated by commas, a week each at most; `none` for none at all."""
    if text.strip().lower() == "none":
        return ()
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > 50 or not all(
        re.fullmatch(r"[0-9]{1,6}", part) and int(part) <= 604_800 for part in parts
    ):
        raise errors.Invalid(
            f"{variable} must be up to 50 numbers of seconds from 0 to 604800, separated by commas, such as"
            " 10,60,300, or none.",
            variable,
        )
    return tuple(map(int, parts))


def keys(text: str, variable: str) -> tuple[bytes, ...]:
    """One key or several, the oldest first, separated by commas or white space."""
    return tuple(key(part, variable) for part in re.split(r"[,\s]+", text.strip()))


def key(text: str, variable: str) -> bytes:
    """64 hexadecimal digits, or base64 in either alphabet, with or without its padding."""
    found = b""
    if re.fullmatch(r"[0-9a-fA-F]{64}", text):
        found = bytes.fromhex(text)
    elif re.fullmatch(r"[A-Za-z0-9+/_-]{43}=?", text):
        try:
            found = base64.b64decode(
                text.rstrip("=").translate(str.maketrans("-_", "+/")) + "=", validate=True
            )
        except binascii.Error:
            found = b""
    if len(found) != 32:
        raise errors.Invalid(
            f"{variable} must be 32 bytes, as 64 hexadecimal digits or as base64: `openssl rand -hex 32` makes one.",
            variable,
        )
    return found


def token(text: str, variable: str) -> str:
    """A bearer token that guessing does not find and any header carries."""
    if not re.fullmatch(r"[\x21-\x7e]{32,512}", text):
        raise errors.Invalid(
            f"{variable} must be 32 to 512 characters of ASCII without spaces: `openssl rand -hex 32` makes one.",
            variable,
        )
    return text


def email(text: str, variable: str) -> str:
    """An e-mail address, as anywhere else in the service."""
    try:
        return vocabulary.email(text, variable)
    except errors.Invalid:
        raise errors.Invalid(
            f"{variable} must be an e-mail address, such as admin@example.org.", variable
        ) from None


def methods(text: str, variable: str) -> tuple[str, ...]:
    """HTTP methods, separated by commas, each once."""
    found = tuple(dict.fromkeys(part.strip().upper() for part in text.split(",")))
    if not set(found) <= {"GET", "PUT", "PATCH", "POST", "DELETE"}:
        raise errors.Invalid(
            f"{variable} must be some of GET, PUT, PATCH, POST, DELETE, separated by commas, such as POST.",
            variable,
        )
    return found


def whole(least: int, most: int) -> Callable[[str, str], int]:
    """A reader of a whole number from `least` to `most`."""

    def read(text: str, variable: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not least <= int(text) <= most:
            raise errors.Invalid(f"{variable} must be a whole number from {least} to {most}.", variable)
        return int(text)

    return read


def one_of(*words: str) -> Callable[[str, str], str]:
    """A reader of these words, in any case."""

    def read(text: str, variable: str) -> str:
        if text.lower() not in words:
            raise errors.Invalid(f"{variable} must be one of {', '.join(words)}.", variable)
        return text.lower()

    return read
