"""What kinds of problem documents there are (RFC 9457): the address of each, which leads to what it means.

Section 4.2 of the vendor's rules has `validation-error`; the other names are this service's, and do not change.
"""

from http import HTTPStatus
from typing import Final

import msgspec
from aiohttp import web

from service.http.edge import EDGE

PATH: Final = "/doc/problems"


class Kind(msgspec.Struct, frozen=True):
    """The last part of a type's address, its title, and what it means."""

    name: str
    title: str
    meaning: str


VALIDATION: Final = Kind(
    "validation-error",
    "Validation errors",
    "The request was understood, and `errors` points to what is wrong with it.",
)
_MEANINGS: Final = {
    400: ("bad-request", "The request could not be understood: malformed JSON, say."),
    401: ("unauthenticated", "The request carries no token that works."),
    403: (
        "forbidden",
        "The caller may not do this: `missing` names the permission, or `reason` the rule that locks the thing."
        " A read-only token changes nothing.",
    ),
    404: ("not-found", "There is no such thing."),
    405: ("method-not-allowed", "The path takes other methods, which the header Allow names."),
    408: ("request-timeout", "The request did not arrive in time."),
    409: ("conflict", "A name or an address is taken, or the content is another one already."),
    410: ("gone", "It was here, and was deleted."),
    412: (
        "changed-since",
        "The thing was changed since the version in If-Match; `changes` says by whom and how.",
    ),
    413: ("content-too-large", "The body is larger than this path takes."),
    415: (
        "unsupported-media-type",
        "The body is of a type, or compressed in a way, that this path does not take.",
    ),
    422: ("refused", "Understood and permitted, but a rule forbids it; `reason` names the rule."),
    429: ("too-many-requests", "Too often in vain. Retry-After says when to try again."),
    431: ("head-too-large", "The address or a header is too long."),
    500: ("defect", "The service met a defect, which was logged under the reference."),
    503: (
        "unavailable",
        "Not now; Retry-After says when to try again. With `code` outcome_unknown a change may have been made: the same"
        " request under the same Idempotency-Key is safe.",
    ),
    504: ("too-late", "The position that was waited for did not arrive in time."),
}
KINDS: Final = {
    status: Kind(name, HTTPStatus(status).phrase, meaning) for status, (name, meaning) in _MEANINGS.items()
}
BY_NAME: Final = {kind.name: kind for kind in (VALIDATION, *KINDS.values())}


def of(status: int, *, points: bool) -> Kind | None:
    """The kind of an answer; `points`: it says which field or parameter is wrong."""
    return VALIDATION if points and status == 400 else KINDS.get(status)


def address(request: web.BaseRequest, kind: Kind | None) -> str:
    """The type's address, or `about:blank`: for a status that needs no more words, or what is no request yet."""
    if kind is None or not isinstance(request, web.Request):
        return "about:blank"
    return f"{request.app[EDGE].settings.base_url}{PATH}/{kind.name}"
