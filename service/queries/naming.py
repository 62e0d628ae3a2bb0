"""One grammar for naming things, wherever a person or a program names one: `type:name` or `type:id`.

    user:sally   user:sally@example.org   user:<uuid>   system_account:secrets-updater
    role:Administrator   team:A   application:Baz   environment:production
    integration:Foo/Bar (consumer/provider)   contract:Foo/Bar/1.0.0 (consumer/provider/version)   contract:<uuid>
    secret:ci-token   secret:A/ci-token (team/name)   secret:/ci-token (of no team)   webhook:<uuid>

Names resolve as of the view, so a thing is found under the name that it had then. A slash inside a name is
written %2F. What fits several things is Ambiguous, and the error lists the candidates.
"""

from urllib.parse import quote, unquote

from projections import things
from projections.principals import Principal
from projections.secrets import Secret
from projections.things import Target
from projections.view import View
from service import errors
from service.vocabulary import TeamId, is_uuid, name

PRINCIPALS = ("user", "system_account")


def principal(view: View, text: str) -> Principal:
    """Who the text names: an id, an e-mail address, an alias or a name, with or without `user:` or `system_account:`.

    Raises NotFound, or Ambiguous when several people have the name.
    """
    type_, _, rest = text.partition(":")
    if not rest or type_ not in PRINCIPALS:
        type_, rest = "", text
    found = _principals(view, name(rest, "subject", "subject"))
    if type_ == "system_account" or (type_ == "user" and any(one.type == "user" for one in found)):
        found = [one for one in found if one.type == type_]
    if not found:
        raise errors.NotFound(f"There is no principal {rest!r}.")
    if len(found) > 1:
        raise errors.Ambiguous(
            f"{rest!r} is the name of {len(found)} principals; name one by id or e-mail address.",
            tuple(sorted(f"{one.type}:{view.text(one.email) or one.id}" for one in found)),
        )
    return found[0]


def subject(view: View, text: str) -> Principal:
    """Who a program means: an id, an e-mail address or an alias, never a display name, which others choose and share.

    Behind `system_account:` only a system account is meant.

    Raises NotFound.
    """
    type_, _, rest = text.rpartition("system_account:")
    found = _meant(view, rest) if not type_ else []
    if found and (rest == text or found[0].type == "system_account"):
        return found[0]
    raise errors.NotFound(f"There is no principal with the id, e-mail address or alias {text[:254]!r}.")


def _meant(view: View, text: str) -> list[Principal]:
    found = _principals(view, text) if "@" in text or is_uuid(text) else []
    if not found and (known := view.principal_with_alias(text)) is not None:
        found = [known]
    return found


def target(view: View, text: str) -> Target:
    """The thing that the text names, with what decides about it.

    Raises NotFound, Ambiguous, or Invalid for a text of another form or a type whose things are not held here.
    """
    type_, _, rest = text.partition(":")
    if not rest:
        raise errors.Invalid(
            f"{text!r} names no thing: write its type too, as in application:{text or 'Baz'}."
        )
    if type_ not in things.TYPES_HELD and (view.catalogue is None or type_ not in view.catalogue.types):
        raise errors.Invalid(_no_type(view, type_))
    if rest == "*":
        raise errors.Invalid(
            f"{text!r} names no single thing: write one's name or id in place of the asterisk."
        )
    found = held(view, type_, rest)
    if found is None:
        raise errors.NotFound(f"There is no {type_.replace('_', ' ')} {rest!r}.")
    return found


def _no_type(view: View, text: str) -> str:
    actions = view.catalogue.actions.values() if view.catalogue else ()
    known = any(text in action.types for action in actions)
    wrong = f"Things of the type {text} are not held here" if known else f"{text[:100]!r} is no type of thing"
    return f"{wrong}. Write type:name, as in application:Baz; the types are: {', '.join(things.TYPES_HELD)}."


def held(view: View, type_: str, text: str) -> Target | None:
    """The thing of this type that the service holds under an id or a name, or None. Raises Ambiguous."""
    match type_:
        case "application":
            application = (
                view.application_or_none(text) if is_uuid(text) else view.application_named(_clean(text))
            )
            return things.of_application(application) if application else None
        case "role":
            role = view.role_or_none(text) if is_uuid(text) else view.role_named(_clean(text))
            return things.of_role(role) if role else None
        case "team":
            team = view.team_or_none(text) if is_uuid(text) else view.team_named(_clean(text))
            return things.of_team(team) if team else None
        case "environment":
            environment = (
                view.environment_or_none(text) if is_uuid(text) else view.environment_named(_clean(text))
            )
            return things.of_environment(environment) if environment else None
        case "user" | "system_account":
            return _held_principal(view, type_, text)
        case "token":
            token = view.token_or_none(text)
            return things.of_token(token.id, token.principal) if token else None
        case "integration":
            return _integration(view, text)
        case "contract":
            return _contract(view, text)
        case "secret":
            secret = _secret(view, text)
            return things.of_secret(secret) if secret else None
        case "webhook":
            webhook = view.webhook_or_none(text) or view.webhook_or_none(text.lower())
            return things.of_webhook(webhook) if webhook else None
        case _:
            return _resource(view, type_, text)


def held_of_team(view: View, type_: str, text: str, team: str | None) -> Target | None:
    """As `held`; of several secrets with the name the one of this team, by name or id. Raises Ambiguous."""
    try:
        return held(view, type_, text)
    except errors.Ambiguous:
        of_team = held(view, type_, f"{quote(team, safe='')}/{text}") if team and type_ == "secret" else None
        if of_team is None:
            raise
        return of_team


def _resource(view: View, type_: str, text: str) -> Target | None:
    """A registered thing of an own type, by what clients call it, or by its id here."""
    if view.catalogue is None or type_ not in view.catalogue.types:
        return None
    found = view.resource_named(type_, _clean(text))
    if found is None and is_uuid(text):
        by_id = view.resource_or_none(text.lower())
        found = by_id if by_id is not None and by_id.type == type_ else None
    return things.of_resource(found) if found is not None else None


def _principals(view: View, text: str) -> list[Principal]:
    if is_uuid(text):
        found = view.principal_or_none(text.lower())
        return [found] if found else []
    if "@" in text:
        found = view.principal_with_email(text) or view.principal_with_alias(text)
        return [found] if found else []
    known = view.principal_with_alias(text)
    return [known] if known is not None else view.principals_named(text)


def _held_principal(view: View, type_: str, text: str) -> Target | None:
    try:
        found = principal(view, f"{type_}:{text}")
    except errors.NotFound:
        return None
    return things.of_principal(found)


def _integration(view: View, text: str) -> Target | None:
    parts = _parts(text, 2, "integration:Consumer/Provider")
    consumer, provider = (_application(view, part) for part in parts)
    if consumer is None or provider is None:
        return None
    integration = view.integration_or_none(consumer, provider)
    return things.of_integration(view, integration) if integration else None


def _contract(view: View, text: str) -> Target | None:
    if is_uuid(text):
        contract = view.contract_or_none(text.lower())
        return things.of_contract(view, contract) if contract else None
    first, second, version = _parts(text, 3, "contract:Consumer/Provider/Version, or contract: and its id")
    consumer, provider = _application(view, first), _application(view, second)
    if consumer is None or provider is None:
        return None
    contract = view.contract_of(consumer, provider, version)
    return things.of_contract(view, contract) if contract else None


def _secret(view: View, text: str) -> Secret | None:
    """By id, by name, or by team and name; an empty team is none. A conflicting secret has its id alone."""
    if is_uuid(text):
        return view.secret_or_none(text.lower())
    before, slash, last = text.rpartition("/")
    called = _clean(unquote(last))
    if slash and not before:
        return view.secret_named(None, called)
    if slash:
        team = held(view, "team", unquote(before))
        return view.secret_named(TeamId(team.thing.id), called) if team else None
    found = view.secrets_called(called)
    if len(found) > 1:
        raise errors.Ambiguous(
            f"{called!r} is the name of {len(found)} secrets; name one with its team.",
            tuple(sorted(_with_team(view, one) for one in found)),
        )
    return found[0] if found else None


def _with_team(view: View, secret: Secret) -> str:
    """`secret:A/ci-token`, or of no team `secret:/ci-token`."""
    team = view.team_or_none(secret.team) if secret.team else None
    return f"secret:{quote(team.name, safe=' ') if team else ''}/{quote(secret.name, safe=' ')}"


def _application(view: View, text: str) -> str | None:
    found = view.application_or_none(text) if is_uuid(text) else view.application_named(text)
    return found.id if found else None


def _parts(text: str, count: int, form: str) -> list[str]:
    parts = [_clean(unquote(part)) for part in text.split("/", count - 1)]
    if len(parts) != count or not all(parts):
        raise errors.Invalid(f"Write {form}.")
    return parts


def _clean(text: str) -> str:
    return name(text, "resource", "name")
