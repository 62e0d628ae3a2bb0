"""`muniment can` and `muniment why`: who may do what, now or at any moment before."""

from typing import TYPE_CHECKING

import click

from service.cli import options, output
from service.cli.main import ALLOWED, DENIED

if TYPE_CHECKING:  # imported where a question is put, so that help stays fast
    from projections.access import Verdict
    from projections.view import View
    from service.queries.access import Answer, Question
    from service.queries.moments import Moment

_asked = (
    click.argument("subject"),
    click.argument("action"),
    click.argument("thing"),
    click.option("--team", metavar="TEAM", help="Whose it would be, for a thing that is not there (yet)."),
    click.option("--owner", metavar="SUBJECT", help="Who would have made it, for a thing that is not there."),
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
    as_of: str | None,
    as_json: bool,
) -> int:
    """May SUBJECT do ACTION to THING? Prints yes or no; exit 0: allowed, 1: denied, 2 and above: errors.

    For example: muniment can sally contract_data:manage application:Baz
    """
    moment, answer, _ = options.run(_put(subject, action, thing, team, owner, as_of))
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
    as_of: str | None,
    as_json: bool,
) -> int:
    """Why SUBJECT may do ACTION to THING, or what is missing; exits as `can` does."""
    moment, answer, sentences = options.run(_put(subject, action, thing, team, owner, as_of))
    if as_json:
        output.json({**_document(moment, answer), "sentences": list(sentences)})
    else:
        for sentence in sentences:
            click.echo(output.plain(sentence))
        _unsettled(moment)
    return ALLOWED if answer.decision else DENIED


async def _put(
    subject: str, action: str, thing: str, team: str | None, owner: str | None, as_of: str | None
) -> "tuple[Moment, Answer, tuple[str, ...]]":
    """The answer with its sentences. A name that is unknown or ambiguous is an error, where a no could be misread."""
    from service.cli import opening
    from service.queries import access

    async with opening.opened() as app:
        moment = await opening.moment(app, as_of)
        question = _question(moment.view, subject, action, thing, team, owner)
        return (moment, *access.why(moment.view, question))


def _question(
    view: "View", subject: str, action: str, thing: str, team: str | None, owner: str | None
) -> "Question":
    from projections.things import TYPES_HELD
    from service import errors
    from service.queries import naming
    from service.queries.access import Question

    principal = naming.principal(view, subject)
    rule = view.compiled.actions.get(action)
    if rule is None:
        raise errors.Invalid(
            f"The catalogue has no action {action!r}. An action is `resource:action`, as in contract_data:manage."
        )
    type_, _, rest = thing.partition(":")
    if rest and type_ not in rule.types:
        raise errors.Invalid(f"{action} does not apply to {type_!r}, only to: {', '.join(rule.types)}.")
    if not rest or (type_ in TYPES_HELD and rest != "*" and team is None and owner is None):
        naming.target(view, thing)  # raises for a name that is unknown, ambiguous or no name at all
    return Question(
        subject=principal.id, action=action, resource_type=type_, resource_id=rest, team=team, owner=owner
    )


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
