"""What a webhook sends, and how it stands in the vault: whole, with asterisks for what is never shown again."""

import json
from collections.abc import Iterator
from typing import Final

import msgspec

from service.commands import placeholders
from service.commands.placeholders import Placeholder

STARS: Final = "**********"
"""What stands for a value that is never shown again (section 3.7)."""
CREDENTIAL: Final = "password"
HEADER: Final = "header:"
"""Before the name of a header whose value is sealed by itself."""


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook's request.

    `headers` are pairs of name and value, in the order and spelling they were given in. `body` is a JSON value; None
    where there is none.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    username: str | None = None
    password: str | None = None
    body: object = None


def placeholders_of(content: Content) -> tuple[Placeholder, ...]:
    """Every placeholder of a request once, in the order of URL, headers, user name, password and body."""
    return tuple(dict.fromkeys(one for _, text in texts(content) for one in placeholders.names(text)))


def references(content: Content) -> tuple[str, ...]:
    """The names of the secrets that a request draws on, sorted."""
    return tuple(sorted(one.name for one in placeholders_of(content) if one.space == placeholders.USER))


def texts(content: Content) -> Iterator[tuple[str, str]]:
    """Every text of a request that may hold placeholders, each behind the JSON pointer to it from the request."""
    yield "/url", content.url
    for name, value in content.headers:
        yield f"/headers/{escaped(name)}", value
    if content.username is not None:
        yield "/username", content.username
    if content.password is not None:
        yield "/password", content.password
    yield from _within(content.body, "/body")


def encoded(content: Content) -> str:
    """The row that stands in the vault: one JSON object. Numbers in the body keep every digit that they have."""
    members = {field: getattr(content, field) for field in content.__struct_fields__}
    return json.dumps(members, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def decoded(row: bytes) -> Content:
    """What a row holds."""
    members = json.loads(row)
    members["headers"] = tuple((name, value) for name, value in members["headers"])
    return Content(**members)


def with_sealed(content: Content, values: dict[str, str]) -> Content:
    """The request with its hidden values in place of the asterisks: `password` and `header:<name>`."""
    headers = tuple((name, values.get(HEADER + name, value)) for name, value in content.headers)
    return msgspec.structs.replace(
        content, headers=headers, password=values.get(CREDENTIAL, content.password)
    )


def escaped(member: str) -> str:
    """A member's name as a part of a JSON pointer (RFC 6901)."""
    return member.replace("~", "~0").replace("/", "~1")


def _within(value: object, pointer: str) -> Iterator[tuple[str, str]]:
    match value:
        case str():
            yield pointer, value
        case dict():
            for name, member in value.items():
                yield pointer, name
                yield from _within(member, f"{pointer}/{escaped(name)}")
        case list():
            for index, member in enumerate(value):
                yield from _within(member, f"{pointer}/{index}")
        case _:
            pass  # a number, true, false or null holds none
