"""Playing a story over HTTP: requests in the order in which people make them, each with what must come of it.

Nothing here knows how a request travels: `play` is handed a way to ask, so that a test can play a story as well.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec

from service import errors
from service.vocabulary import Secret

_NAME: Final = re.compile(
    r"(?<!\$)\{([^{}]+)\}"
)  # what begins with a dollar is a template of the service's own
_TOKEN: Final = "'s token"  # noqa: S105  # How a token is named, not one.
_SECRET: Final = re.compile("'s (token|code)$")
_MARK: Final = re.compile("@")


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One request and what must come of it. `{name}` in path and body stands for what an earlier step kept.

    `keep` maps a name to a path in the answer's document (`uuid`, `_embedded/items/readOnly=false/value`); `holds` is
    part of that document, `says` of the answer's text; `mark` names the position that the answer carries.
    """

    who: str
    method: str
    path: str
    body: object = None
    status: int
    reason: str = ""
    keep: dict[str, str] = {}
    holds: dict[str, Any] = {}
    says: str = ""
    mark: str = ""


class Chapter(msgspec.Struct, frozen=True, kw_only=True):
    """Steps with the sentence that tells them."""

    title: str
    steps: tuple[Step, ...]


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be sent: `body` is JSON to be encoded, None for none; `token` is empty where nobody is named."""

    method: str
    path: str
    token: str
    body: object
    reason: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back; `position` is the header Muniment-Position."""

    status: int
    text: str
    position: int


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """What the story left: ids by their names in it, positions by their marks, each person's read/write token."""

    ids: dict[str, str]
    marks: dict[str, int]
    tokens: dict[str, Secret]


async def play(
    story: tuple[Chapter, ...],
    ask: Callable[[Request], Awaitable[Answer]],
    administrator: str,
    administrator_token: str,
    tell: Callable[[Chapter, Step, Answer], None] = lambda _chapter, _step, _answer: None,
) -> Played:
    """Take every step, `administrator` with the given token. Raises Broken where one does not come out right."""
    names = {administrator + _TOKEN: administrator_token}
    for chapter in story:
        for step in chapter.steps:
            request = Request(
                method=step.method,
                path=_filled(step.path, names),
                token=names[step.who + _TOKEN] if step.who else "",
                body=_filled(step.body, names),
                reason=step.reason,
            )
            answer = await ask(request)
            document = _checked(step, request, answer)
            names |= {name: str(_within(document, path)) for name, path in step.keep.items()}
            if step.mark:
                names[f"@{step.mark}"] = str(answer.position)
            tell(chapter, step, answer)
    return Played(
        ids={name: one for name, one in names.items() if not _MARK.match(name) and not _SECRET.search(name)},
        marks={name[1:]: int(one) for name, one in names.items() if _MARK.match(name)},
        tokens={
            name.removesuffix(_TOKEN): Secret(one) for name, one in names.items() if name.endswith(_TOKEN)
        },
    )


def _checked(step: Step, request: Request, answer: Answer) -> object:
    """The answer's document, or Broken with what was expected and what came."""
    told = f"{step.who or 'Somebody'}: {request.method} {request.path}"
    if answer.status != step.status:
        raise errors.Broken(
            f"{told} was answered {answer.status} in place of {step.status}: {answer.text[:400]}"
        )
    if step.says not in answer.text:
        raise errors.Broken(f"{told} was answered {answer.text[:400]!r}, without {step.says!r}.")
    if not step.keep and not step.holds:
        return None
    document = msgspec.json.decode(answer.text)
    if not _inside(step.holds, document):
        raise errors.Broken(f"{told} was answered {answer.text[:400]}, without {step.holds}.")
    return document


def _filled(template: Any, names: Mapping[str, str]) -> Any:
    """The JSON value with every `{name}` in its strings replaced. Raises KeyError for one that nobody kept."""
    match template:
        case str():
            return _NAME.sub(lambda found: names[found[1]], template)
        case dict():
            return {key: _filled(value, names) for key, value in template.items()}
        case list():
            return [_filled(value, names) for value in template]
        case _:
            return template


def _within(document: Any, path: str) -> Any:
    """What stands at `a/items/readOnly=false/value` in a JSON document. Raises Broken where nothing does.

    A key of the form `member=value` takes the first of a list whose member has that JSON value.
    """
    found = document
    for key in path.split("/"):
        try:
            found = _chosen(found, key) if isinstance(found, list) else found[key]
        except (KeyError, TypeError, StopIteration):
            raise errors.Broken(f"An answer has no {path!r}.") from None
    return found


def _inside(part: Any, whole: Any) -> bool:
    """Whether every member of `part` is in `whole` with the same value; objects may have more members."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(
            key in whole and _inside(value, whole[key]) for key, value in part.items()
        )
    return bool(part == whole)


def _chosen(among: list[Any], key: str) -> Any:
    member, _, value = key.partition("=")
    wanted = msgspec.json.decode(value)
    return next(one for one in among if one[member] == wanted)
