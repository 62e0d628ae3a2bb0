"""Requests of webhooks as templates: what becomes of `${user.Name}` and `${pactbroker.name}` where they stand. Pure.

A value is escaped for where it stands, so that it stays one value there: in a URL it leads to no other host, no other
depth of the path and no other parameter, in JSON it stays inside its string, in a header it stays in its line. What a
value holds is never looked at again: a secret whose value is `${user.Other}` is sent as these characters. Names that
nothing stands for stay as they are written, and are told.
"""

import base64
import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Final
from urllib.parse import quote

import msgspec

from service import errors
from service.commands import webhook_contents
from service.commands.placeholders import PATTERN, Placeholder
from service.commands.webhook_contents import Content
from service.vocabulary import Secret

_PLACE: Final = r"\$\{[^{}]+\}"
_URL: Final = re.compile(
    rf"(?P<scheme>https?)://(?P<host>(?:{_PLACE}|[^/?#])*)(?P<path>(?:{_PLACE}|[^?#])*)"
    rf"(?P<query>\?(?:{_PLACE}|[^#])*)?(?:#.*)?",
    re.IGNORECASE | re.DOTALL,
)
"""A URL's parts; a place is one character of them, whatever its name holds."""
_HOST: Final = re.compile(r"(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?", re.ASCII)
_PORT_MAX: Final = 65_535
_RESERVED: Final = ":/?#[]@!$&'()*+,;=%-._~"
_LONE_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_DOTS: Final = re.compile(r"(?:\.|%2e){1,2}", re.IGNORECASE)
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_UNSENDABLE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
_JSON_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_JSON_TYPE: Final = re.compile(r"application/(?:[\w.-]+\+)?json\b", re.IGNORECASE)
_FORM: Final = "application/x-www-form-urlencoded"
Escape = Callable[[str], str]


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """A request that can be sent as it is: the URL is ASCII and escaped, the headers say who asks and what the body is.

    Whatever a secret may have gone into is wrapped, so that no log line and no traceback shows it.
    """

    method: str
    destination: str
    """`https://ci.example.org:8443`: the template's own, whatever the values are."""
    url: Secret
    headers: tuple[tuple[str, Secret], ...]
    body: Secret | None
    unresolved: tuple[str, ...] = ()
    """The names that nothing stood for, sorted: they are sent as they are written."""


def render(template: Content, values: Mapping[str, Secret]) -> Rendered:
    """The request with its values, which are named as in the template (`user.Token`, `pactbroker.consumerName`).

    Raises Invalid, with a pointer into the webhook, for what cannot be sent: a URL that names no host or has a place
    in it, a value that would be a line break in a header or a dot segment of the path. It never shows a value.
    """
    filled = _Filled(values)
    method = template.method.upper()
    if not _TOKEN.fullmatch(method):
        raise errors.Invalid("The method cannot be sent.", "/request/method")
    destination, url = _url(template.url, filled)
    headers = _headers(template, filled)
    body = _body(template, filled)
    return Rendered(
        method=method,
        destination=destination,
        url=Secret(url),
        headers=tuple((name, Secret(value)) for name, value in headers),
        body=None if body is None else Secret(body.encode(errors="replace")),
        unresolved=tuple(sorted(filled.unresolved)),
    )


def names(template: Content) -> tuple[str, ...]:
    """Every name in the request (`user.Token`, `pactbroker.pactUrl`), sorted, whether or not anything stands for it."""
    return tuple(sorted(one.key for one in webhook_contents.placeholders_of(template)))


def shown(value: object, values: Mapping[str, Secret]) -> object:
    """A part of a request for reading: in every string of it what has a value is replaced by it, the rest stays."""
    filled = _Filled(values)

    def within(one: object) -> object:
        match one:
            case str():
                return filled.into(one, _as_it_is)
            case dict():
                return {filled.into(str(key), _as_it_is): within(member) for key, member in one.items()}
            case list() | tuple():
                return [within(member) for member in one]
            case _:
                return one

    return within(value)


class _Filled:
    """Puts values into texts, each place once, and remembers what nothing stood for."""

    def __init__(self, values: Mapping[str, Secret]) -> None:
        self._values = values
        self.unresolved: set[str] = set()

    def into(self, text: str, escape: Escape, literal: Escape | None = None) -> str:
        """The text with its values escaped; what stands between them goes through `literal`, if there is one."""
        kept = literal or _as_it_is
        parts: list[str] = []
        end = 0
        for place in PATTERN.finditer(text):
            parts.append(kept(text[end : place.start()]))
            name = Placeholder(place[1], unicodedata.normalize("NFC", place[2])).key
            value = self._values.get(name)
            if value is None:
                self.unresolved.add(name)
                parts.append(place[0] if literal is None else escape(place[0]))
            else:
                parts.append(escape(value.text()))
            end = place.end()
        parts.append(kept(text[end:]))
        return "".join(parts)


def _url(url: str, filled: _Filled) -> tuple[str, str]:
    """Where it goes (scheme, host and port), and the whole URL without its fragment, which is never sent."""
    parts = _URL.fullmatch(url.strip())
    if parts is None:
        raise errors.Invalid("This is no http or https URL that names a host.", "/request/url")
    host = _host(parts["host"])
    destination = f"{parts['scheme'].lower()}://{host}"
    path = filled.into(parts["path"], _whole, _legal)
    if _DOTS.search(path):
        _require_same_depth(path, _Filled({}).into(parts["path"], lambda _place: "x", _legal))
    query = filled.into(parts["query"] or "", _whole, _legal)
    return destination, f"{destination}{path or '/'}{query}"


def _host(host: str) -> str:
    if "${" in host:
        raise errors.Invalid(
            "The host of a URL is not filled in: where a webhook goes is written out.", "/request/url"
        )
    if "@" in host:
        raise errors.Invalid("A URL that holds a user name is not sent: use `username`.", "/request/url")
    if not host.isascii():
        name, colon, port = host.partition(":")
        try:
            host = name.encode("idna").decode() + colon + port
        except UnicodeError:
            host = ""
    parts = _HOST.fullmatch(host.lower())
    if parts is None or int(parts["port"] or 0) > _PORT_MAX:
        raise errors.Invalid("The host of the URL is no name of a host.", "/request/url")
    return parts[0]


def _require_same_depth(path: str, written: str) -> None:
    """Raise Invalid where a value makes a segment `.` or `..`, which leads elsewhere however it is escaped."""
    for segment, before in zip(path.split("/"), written.split("/"), strict=True):
        if segment != before and _DOTS.fullmatch(segment):
            raise errors.Invalid("A value would lead to another path: it is «.» or «..».", "/request/url")


def _headers(template: Content, filled: _Filled) -> list[tuple[str, str]]:
    """The headers, with who asks (Basic, in place of any other) and what the body is where nothing says so."""
    headers: list[tuple[str, str]] = []
    for name, value in template.headers:
        pointer = f"/request/headers/{name}"
        if not _TOKEN.fullmatch(name):
            raise errors.Invalid("A header cannot have this name.", pointer)
        headers.append((name, _one_line(filled.into(value, _as_it_is), pointer)))
    if template.username:
        username = _one_line(filled.into(template.username, _as_it_is), "/request/username")
        password = _one_line(filled.into(template.password or "", _as_it_is), "/request/password")
        if ":" in username:
            raise errors.Invalid("A user name that holds a colon cannot be sent.", "/request/username")
        basic = base64.b64encode(f"{username}:{password}".encode()).decode()
        headers = [one for one in headers if one[0].lower() != "authorization"]
        headers.append(("Authorization", f"Basic {basic}"))
    if template.body is not None and not _content_type(template):
        headers.append(("Content-Type", _FORM if isinstance(template.body, str) else "application/json"))
    return headers


def _one_line(value: str, pointer: str) -> str:
    if _UNSENDABLE.search(value):
        raise errors.Invalid(
            "A value holds a character that cannot be sent here, as a line break is.", pointer
        )
    return value


def _body(template: Content, filled: _Filled) -> str | None:
    """JSON stays the JSON that it was written as, a form keeps its fields; any other text takes values as they are."""
    body = template.body
    if body is None:
        return None
    if not isinstance(body, str):
        return "".join(_encoded(body, filled))
    content_type = _content_type(template)
    if _JSON_TYPE.match(content_type) or _is_json(body):
        return _within_strings(body, filled)
    return filled.into(body, _whole if content_type.lower().startswith(_FORM) else _as_it_is)


def _within_strings(body: str, filled: _Filled) -> str:
    """JSON given as text: a value stays in its string. One that stands outside of any is put there as it is."""
    parts: list[str] = []
    end = 0
    for string in _JSON_STRING.finditer(body):
        parts += (filled.into(body[end : string.start()], _as_it_is), filled.into(string[0], _in_json))
        end = string.end()
    return "".join((*parts, filled.into(body[end:], _as_it_is)))


def _encoded(value: object, filled: _Filled) -> Iterator[str]:
    """The JSON text of a value, with every string of it filled in: no member is lost, whatever the names become."""
    match value:
        case str():
            yield json.dumps(filled.into(value, _as_it_is), ensure_ascii=False)
        case dict():
            yield "{"
            for index, (key, member) in enumerate(value.items()):
                yield "," if index else ""
                yield from (*_encoded(str(key), filled), ":")
                yield from _encoded(member, filled)
            yield "}"
        case list() | tuple():
            yield "["
            for index, member in enumerate(value):
                yield "," if index else ""
                yield from _encoded(member, filled)
            yield "]"
        case _:
            yield json.dumps(value)


def _content_type(template: Content) -> str:
    found = (value for name, value in template.headers if name.lower() == "content-type")
    return next(found, "").strip()


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _as_it_is(text: str) -> str:
    return text


def _whole(value: str) -> str:
    """A value in a URL: nothing in it means anything there."""
    return quote(value, safe="", errors="replace")


def _legal(text: str) -> str:
    """What was written of a URL itself: it means what it says, and what may not stand in a URL is escaped."""
    return quote(_LONE_PERCENT.sub("%25", text), safe=_RESERVED, errors="replace")


def _in_json(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)[1:-1]
