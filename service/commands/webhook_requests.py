"""A webhook's request as a client gives it: what is right of it, what of it is hidden, and where it goes. Pure.

What the open-source broker refuses is refused (`webhook_request_contract.rb` there), and what HTTP could not carry.
"""

import json
import re
from collections.abc import Callable, Collection, Iterator
from typing import Any, Final

import msgspec

from service import errors
from service.commands import placeholders, webhook_contents
from service.commands.order import NewValue, NewValues
from service.commands.webhook_contents import CREDENTIAL, HEADER, STARS, Content, escaped
from service.vocabulary import URL_LENGTH_MAX, Secret, VaultRef

BODY_BYTES_MAX: Final = 32_768
"""Of a body as JSON, or as the text that it is."""
BODY_DEPTH_MAX: Final = 64
HEADERS_MAX: Final = 40
HEADER_NAME_LENGTH_MAX: Final = 100
HEADERS_BYTES_MAX: Final = 16_384
"""Of all headers' names and values."""
CREDENTIAL_LENGTH_MAX: Final = 1_000
HOST_LENGTH_MAX: Final = 300
REFERENCES_MAX: Final = 50
REFERENCES_BYTES_MAX: Final = 4_096
"""Of the names of the secrets that one request draws on: what it drew on and what it draws on fit one record."""
_HIDDEN: Final = re.compile(r"authorization|token", re.IGNORECASE)
"""Headers whose values are never shown again (section 3.7)."""
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A header's name (RFC 9110, section 5.6.2)."""
_CARRIED: Final = re.compile(r"[\t\x20-\x7e]*")
_OUR_OWN: Final = "muniment-"
_FRAMING: Final = frozenset(
    {
        *("connection", "content-length", "expect", "host", "keep-alive", "proxy-authorization"),
        *("proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"),
    }
)
"""Headers that say how the message itself is sent, and where: whoever sends it writes them, and would drop these."""
_STAND_IN: Final = "\0"
"""Stands for a placeholder while a URL is taken apart, so that no character of a name is taken for one of the URL's."""
_IN_URL: Final = re.compile(r"[\0!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]+")
_ADDRESS: Final = re.compile(r"(https?)://([^/?#]+)([/?#].*)?", re.IGNORECASE)
_AUTHORITY: Final = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+)(?::[0-9]{1,5})?")


class Hidden(msgspec.Struct, frozen=True, kw_only=True):
    """A value that is never shown again; None keeps the one there is."""

    name: str
    """`password`, or `header:` and the header's name."""
    pointer: str
    value: Secret | None


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """A request that can be kept: as it may be shown, with what is hidden apart."""

    content: Content
    destination: str
    hidden: tuple[Hidden, ...]
    references: tuple[tuple[str, str], ...]
    """The names of the secrets that it draws on, sorted, each with a pointer to where it stands first."""


class Sealing(msgspec.Struct, frozen=True, kw_only=True):
    """A hidden value in an order: the ref of its row in the vault, or None where the one there is stays."""

    name: str
    pointer: str
    value: VaultRef | None


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A request in an order: what the record may know of it. The rest is on its way to the vault."""

    method: str
    destination: str
    references: tuple[tuple[str, str], ...]
    content: VaultRef
    mark: str
    sealed: tuple[Sealing, ...]


def checked(
    given: object, methods: Collection[str], *, password: str | None = None, pointer: str = "/request"
) -> Checked:
    """The request of a client's document. `password` is the one there is, where leaving it out keeps it.

    Raises Invalid, with a pointer to what is wrong.
    """
    if not isinstance(given, dict):
        what = "is missing" if given is None else "must be an object"
        raise errors.Invalid(f"The field 'request' {what}.", pointer)
    hidden: list[Hidden] = []
    url, destination = _url(given.get("url"), f"{pointer}/url")
    content = Content(
        method=_method(given.get("method"), methods, f"{pointer}/method"),
        url=url,
        headers=tuple(_headers(given.get("headers"), f"{pointer}/headers", hidden)),
        username=_username(given.get("username"), f"{pointer}/username"),
        password=_password(given, f"{pointer}/password", password, hidden),
        body=_body(given.get("body"), f"{pointer}/body"),
    )
    return Checked(
        content=content,
        destination=destination,
        hidden=tuple(hidden),
        references=_references(content, pointer),
    )


def wanted(
    found: Checked, ref: Callable[[], VaultRef], mark: Callable[[str], str]
) -> tuple[Wanted, NewValues]:
    """What goes into an order, and what beside it into the vault. `ref` draws a ref, `mark` digests a content."""
    row = webhook_contents.encoded(found.content)
    values = [NewValue(ref=ref(), value=Secret(row))]
    sealed = []
    for one in found.hidden:
        new = None if one.value is None else NewValue(ref=ref(), value=one.value)
        values += [] if new is None else [new]
        sealed.append(Sealing(name=one.name, pointer=one.pointer, value=None if new is None else new.ref))
    asked = Wanted(
        method=found.content.method.upper(),
        destination=found.destination,
        references=found.references,
        content=values[0].ref,
        mark=mark(row),
        sealed=tuple(sealed),
    )
    return asked, NewValues(values=tuple(values))


def _method(given: object, methods: Collection[str], pointer: str) -> str:
    method = _text(given, "method", pointer)
    if method.upper() not in methods:
        listed = ", ".join(methods)
        raise errors.Invalid(
            f"The method must be {listed if len(methods) == 1 else f'one of {listed}'}.", pointer
        )
    return method


def _url(given: object, pointer: str) -> tuple[str, str]:
    """The URL as it was given, and its scheme, host and port. Placeholders may stand behind these."""
    url = _text(given, "url", pointer)
    if len(url) > URL_LENGTH_MAX:
        raise errors.Invalid(f"The URL is longer than {URL_LENGTH_MAX} characters.", pointer)
    if _STAND_IN in url or not _IN_URL.fullmatch(plain := placeholders.PATTERN.sub(_STAND_IN, url)):
        raise errors.Invalid("This is no URL: it holds a character that must be escaped in one.", pointer)
    parts = _ADDRESS.fullmatch(plain)
    if parts is None:
        raise errors.Invalid("The URL must start with https:// or http:// and a host.", pointer)
    if "@" in parts[2]:
        raise errors.Invalid(
            "A user and a password belong into the fields of these names, not here.", pointer
        )
    if _STAND_IN in parts[2]:
        raise errors.Invalid("The host and its port are written out: nothing is filled in there.", pointer)
    port = parts[2].rpartition(":")[2]
    if not _AUTHORITY.fullmatch(parts[2]) or (port.isdigit() and int(port) > 65_535):
        raise errors.Invalid("The host, or its port, is none that a URL can have.", pointer)
    if len(parts[2]) > HOST_LENGTH_MAX:
        raise errors.Invalid(f"The host is longer than {HOST_LENGTH_MAX} characters.", pointer)
    return url, f"{parts[1].lower()}://{parts[2]}"


def _headers(given: object, pointer: str, hidden: list[Hidden]) -> Iterator[tuple[str, str]]:
    """The headers as they may be shown; hidden values go into the list."""
    if given is None:
        return
    if not isinstance(given, dict):
        raise errors.Invalid("This must be an object of names and values.", pointer)
    if len(given) > HEADERS_MAX:
        raise errors.Invalid(f"A request has at most {HEADERS_MAX} headers.", pointer)
    seen: set[str] = set()
    octets = 0
    for name, value in given.items():
        place = f"{pointer}/{escaped(name)}"
        _require_header(name, value, place)
        if name.lower() in seen:
            raise errors.Invalid(f"The header {name} is there twice, in two spellings.", place)
        seen.add(name.lower())
        octets += len(name) + len(value.encode())
        if octets > HEADERS_BYTES_MAX:
            raise errors.Invalid(f"The headers are longer than {HEADERS_BYTES_MAX} bytes.", pointer)
        if _HIDDEN.search(name) and not placeholders.names(value):
            hidden.append(Hidden(name=HEADER + name, pointer=place, value=_hidden(value)))
            value = STARS
        yield name, value


def _require_header(name: str, value: object, pointer: str) -> None:
    """Raise Invalid for a name or a value that HTTP does not carry, or that the sender writes itself."""
    if not _TOKEN.fullmatch(name) or len(name) > HEADER_NAME_LENGTH_MAX:
        # Not told back: what is no name may be a value that slipped into its place.
        raise errors.Invalid(
            f"The name of a header is 1 to {HEADER_NAME_LENGTH_MAX} letters, digits and marks such as -.",
            pointer.rpartition("/")[0],
        )
    if name.lower() in _FRAMING or name.lower().startswith(_OUR_OWN):
        raise errors.Invalid(f"The header {name} is written by whoever sends the request.", pointer)
    if not isinstance(value, str):
        raise errors.Invalid("The value of a header must be a string.", pointer)
    if not _CARRIED.fullmatch(placeholders.PATTERN.sub("", value)):
        raise errors.Invalid("The value of a header holds ASCII characters and tabs only.", pointer)


def _username(given: object, pointer: str) -> str | None:
    username = _credential(given, "username", pointer)
    if username is not None and ":" in placeholders.PATTERN.sub("", username):
        raise errors.Invalid("The user's name must not hold a colon (RFC 7617, section 2).", pointer)
    return username


def _password(given: dict[Any, Any], pointer: str, held: str | None, hidden: list[Hidden]) -> str | None:
    """The password as it may be shown. Left out, empty or asterisks it stays as it is; null takes it away."""
    password = _credential(given.get("password"), "password", pointer)
    if password is None:
        stays = "password" not in given or given["password"] == ""
        if not stays or held is None:
            return None
        password = held
    if placeholders.names(password):
        return password
    hidden.append(Hidden(name=CREDENTIAL, pointer=pointer, value=_hidden(password)))
    return STARS


def _credential(given: object, field: str, pointer: str) -> str | None:
    if given is None or given == "":
        return None
    text = _text(given, field, pointer)
    if len(text) > CREDENTIAL_LENGTH_MAX:
        raise errors.Invalid(f"The {field} is longer than {CREDENTIAL_LENGTH_MAX} characters.", pointer)
    if not text.isprintable():
        raise errors.Invalid(f"The {field} holds a character that is not printable.", pointer)
    return text


def _hidden(value: str) -> Secret | None:
    """A value about to be hidden; None where asterisks say that it is the one there is."""
    return Secret(value) if value.strip("*") or not value else None


def _body(given: object, pointer: str) -> object:
    """The body: any JSON value. null is none; an empty text, which Terraform sends for none, is shown as one."""
    if given is None:
        return None
    _require_shallow(given, pointer)
    try:
        octets = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False, allow_nan=False)
    except ValueError:
        raise errors.Invalid("The body holds a number that is out of bounds.", pointer) from None
    if len(octets.encode()) > BODY_BYTES_MAX:
        raise errors.Invalid(f"The body is longer than {BODY_BYTES_MAX} bytes.", pointer)
    return given


def _require_shallow(value: object, pointer: str, depth: int = 0) -> None:
    if depth > BODY_DEPTH_MAX:
        raise errors.Invalid(f"The body is nested more than {BODY_DEPTH_MAX} deep.", pointer)
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for member in members:
        _require_shallow(member, pointer, depth + 1)


def _references(content: Content, pointer: str) -> tuple[tuple[str, str], ...]:
    """The secrets that it draws on, each with where. Raises Invalid for more than a record can hold."""
    found: dict[str, str] = {}
    for place, text in webhook_contents.texts(content):
        for one in placeholders.names(text):
            if one.space == placeholders.USER:
                found.setdefault(one.name, pointer + place)
    if len(found) > REFERENCES_MAX or sum(len(name.encode()) for name in found) > REFERENCES_BYTES_MAX:
        raise errors.Invalid(
            f"A request draws on at most {REFERENCES_MAX} secrets, whose names are {REFERENCES_BYTES_MAX} bytes long.",
            pointer,
        )
    return tuple(sorted(found.items()))


def _text(given: object, field: str, pointer: str) -> str:
    """A text that must be there, and not be empty."""
    if not isinstance(given, str):
        raise errors.Invalid(
            f"The field {field!r} {'is missing' if given is None else 'must be a string'}.", pointer
        )
    if not given:
        raise errors.Invalid(f"The field {field!r} must not be empty.", pointer)
    return given
