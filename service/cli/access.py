"""`muniment can` and `muniment why`: who may do what, now or at any moment before."""

from typing import TYPE_CHECKING, Any

import click

from service.cli import options, output
from service.cli.main import ALLOWED, DENIED

if TYPE_CHECKING:  # imported where a question is put, so that help stays fast
    from projections.access import Verdict
    from projections.principals import Principal
    from projections.view import View
    from service.catalogue.conditions import Facts
    from service.queries.access import Answer, Question
    from service.queries.moments import Moment

_asked = (
    click.argument("subject"),
    click.argument("action"),
    click.argument("thing"),
    click.option("--team", metavar="TEAM", help="Whose it would be, for a thing that is not there (yet)."),
    click.option("--owner", metavar="SUBJECT", help="Who would have made it, for a thing that is not there."),
    click.option(
        "--given",
        multiple=True,
        metavar="PATH=VALUE",
        help="What the request would say, for conditions: resource.properties.status=archived. May be repeated.",
    ),
    options.as_of,
    options.as_json,
)


@click.command()
@options.several(*_asked)
def can(
    subject: str,
    action: str,
    thing: str,
    team: str | None,
    owner: str | None,
    given: tuple[str, ...],
    as_of: str | None,
    as_json: bool,
) -> int:
    """May SUBJECT do ACTION to THING? Prints yes or no; exit 0: allowed, 1: denied, 2 and above: errors.

    For example: muniment can sally contract_data:manage application:Baz
    """
    moment, answer, _ = options.run(_put((subject, action, thing), team, owner, given, as_of))
    if as_json:
        output.json(_document(moment, answer))
    else:
        click.echo("yes" if answer.decision else "no")
        if not answer.decision and answer.reason:
            output.words(answer.reason)
        for conflict in answer.conflicts:
            output.words(f"Note: {conflict}")
        _unsettled(moment)
    return ALLOWED if answer.decision else DENIED


@click.command()
@options.several(*_asked)
def why(
    subject: str,
    action: str,
    thing: str,
    team: str | None,
    owner: str | None,
    given: tuple[str, ...],
    as_of: str | None,
    as_json: bool,
) -> int:
    """Why SUBJECT may do ACTION to THING, or what is missing; exits as `can` does."""
    moment, answer, sentences = options.run(_put((subject, action, thing), team, owner, given, as_of))
    if as_json:
        output.json({**_document(moment, answer), "sentences": list(sentences)})
    else:
        for sentence in sentences:
            click.echo(output.plain(sentence))
        _unsettled(moment)
    return ALLOWED if answer.decision else DENIED


async def _put(
    asked: tuple[str, str, str],
    team: str | None,
    owner: str | None,
    given: tuple[str, ...],
    as_of: str | None,
) -> "tuple[Moment, Answer, tuple[str, ...]]":
    """The answer with its sentences. A name that is unknown or ambiguous is an error, where a no could be misread."""
    from service.cli import opening
    from service.queries import access

    facts = _facts(given)
    async with opening.opened() as app:
        moment = await opening.moment(app, as_of)
        question = _question(moment.view, asked, team, owner, facts)
        return (moment, *access.why(moment.view, question))


def _question(
    view: "View", asked: tuple[str, str, str], team: str | None, owner: str | None, facts: "Facts"
) -> "Question":
    from projections.things import TYPES_HELD
    from service import errors
    from service.queries import access, naming

    subject, word, thing = asked
    principal = naming.principal(view, subject)
    action = access.named_action(view, word, thing)
    rule = view.compiled.actions.get(action)
    if rule is None:
        raise errors.Invalid(
            f"The catalogue has no action {action!r}. An action is `resource:action`, as in contract_data:manage."
        )
    type_, _, rest = thing.partition(":")
    if rest and type_ not in rule.types:
        raise errors.Invalid(f"{action} does not apply to {type_!r}, only to: {', '.join(rule.types)}.")
    if facts or type_ in view.compiled.types:
        facts = _whole(view, facts, principal, (type_, rest, word), {"owner": owner, "teams": team})
    if not rest or (type_ in TYPES_HELD and rest != "*" and team is None and owner is None):
        naming.target(view, thing)  # raises for a name that is unknown, ambiguous or no name at all
    return access.Question(
        subject=principal.id,
        action=action,
        resource_type=type_,
        resource_id=rest,
        team=team,
        owner=owner,
        facts=facts,
    )


def _whole(
    view: "View",
    facts: "Facts",
    principal: "Principal",
    asked: tuple[str, str, str],
    said: dict[str, str | None],
) -> "Facts":
    """The request with what the question itself says, `--owner` and `--team` as the thing's own type calls them."""
    type_, thing, word = asked
    found = {part: dict(facts.get(part, {})) for part in ("subject", "action", "resource", "context")}
    found["subject"] |= {"type": principal.type, "id": principal.id}
    found["action"]["name"] = word
    found["resource"] |= {"type": type_, "id": thing}
    own = view.compiled.types.get(type_)
    if own is not None and isinstance(properties := found["resource"].get("properties", {}), dict):
        named = {getattr(own, field): text for field, text in said.items() if text is not None}
        found["resource"]["properties"] = {**properties, **named}
    return found


def _facts(given: tuple[str, ...]) -> "Facts":
    """What the options say as the request would have said it: a number, true, false or a list as in JSON, else text."""
    import msgspec

    found: dict[str, dict[str, Any]] = {}
    for one in given:
        path, equals, text = one.partition("=")
        parts = path.split(".")
        if not equals or len(parts) < 2 or parts[0] not in ("subject", "action", "resource", "context"):
            raise click.UsageError(f"{one!r} is no PATH=VALUE, as in resource.properties.status=archived.")
        place: dict[str, Any] = found
        for part in parts[:-1]:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise click.UsageError(f"{path!r} lies below what another --given says.")
        try:
            place[parts[-1]] = msgspec.json.decode(text)
        except msgspec.DecodeError:
            place[parts[-1]] = text
    return found


def _document(moment: "Moment", answer: "Answer") -> dict[str, object]:
    """The answer for programs; members may be added, none is ever taken away."""
    return {
        "decision": answer.decision,
        "reason": answer.reason,
        "position": moment.view.position,
        "instant": moment.view.instant,
        "settled": moment.settled,
        "principal": answer.principal,
        **(_evidence(answer.verdict) if answer.verdict else {}),
        "conflicts": list(answer.conflicts),
    }


def _evidence(verdict: "Verdict") -> dict[str, object]:
    from projections.access import RULE

    thing = verdict.target.thing
    return {
        "action": verdict.action,
        "thing": {"type": thing.type, "id": thing.id, "name": thing.name},
        "grants": list(verdict.grants),
        "nearMisses": list(verdict.near_misses),
        "rule": RULE,
    }


def _unsettled(moment: "Moment") -> None:
    if not moment.settled:
        output.words(
            "Note: this moment is so recent that an action in flight could still be recorded before it."
        )
