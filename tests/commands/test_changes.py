"""Changes behind proxies: who is allowed which, what stays unknown until it is reported, and what a report makes."""

import msgspec
import pytest

from projections.changes import Change
from service import errors
from service.catalogue import request_paths
from service.catalogue.own import Condition, OwnAction, OwnCatalogue, Predicate, ThingType
from service.catalogue.route_tables import Needed, Route, RouteResource, RouteTable
from service.commands.changes import AuthoriseChange, ReportChange, Request
from service.commands.own_catalogues import AdoptOwnCatalogue
from service.commands.route_tables import AdoptRouteTable, WithdrawRouteTable
from service.events.applications import ApplicationCreated
from service.events.attempts import AttemptDenied
from service.events.changes import ChangeAuthorised, ChangeReported, Parameter
from service.events.resources import Property, ResourceRegistered
from service.vocabulary import ApplicationId, ChangeId, PrincipalId, ResourceId
from tests.facts import happened
from tests.given import Account

PATH = "/pacts/provider/{provider}/consumer/{consumer}"
TABLE = RouteTable(
    name="broker",
    number=1,
    routes=(
        Route(
            methods=("PUT",),
            path=PATH,
            action="contract_data:manage",
            resource=RouteResource(type="application", id="{consumer}"),
            change=True,
            registers=("{consumer}", "{provider}"),
        ),
        Route(
            methods=("GET",),
            path=PATH,
            action="contract_data:read",
            resource=RouteResource(type="integration", id="{consumer}/{provider}"),
        ),
        Route(
            methods=("DELETE",),
            path="/applications/{application}",
            action="contract_data:manage",
            resource=RouteResource(type="application", id="{application}"),
            also=(Needed(action="contract_data:bulk_delete", resource=RouteResource(type="application")),),
            change=True,
        ),
    ),
)


@pytest.fixture
def broker(account: Account) -> Account:
    """An account with the table in force."""
    account.do(AdoptRouteTable(table=TABLE))
    return account


def change(account: Account, method: str, path: str) -> AuthoriseChange:
    """A change by the table."""
    return AuthoriseChange(
        change=ChangeId(account.fresh.id()),
        table="broker",
        request=Request("nginx", method, request_paths.segments(path)),
    )


def publication(account: Account, consumer: str, provider: str) -> AuthoriseChange:
    return change(account, "PUT", f"/pacts/provider/{provider}/consumer/{consumer}")


def report(account: Account, one: ChangeId, status: int) -> ReportChange:
    """A report with ids for what it may make."""
    new = tuple(ApplicationId(account.fresh.id()) for _ in range(8))
    return ReportChange(change=one, status=status, applications=new)


def proxy(account: Account) -> PrincipalId:
    """Who may report."""
    return account.person("Proxy", roles=[account.role("asks", "access:evaluate:*")], teams=[])


def member(account: Account, *applications: str) -> PrincipalId:
    """Somebody who manages what their team has, which are these, and what they made themselves."""
    maintains = account.role("maintains", "contract_data:manage:team", "contract_data:manage:own")
    team = account.team("A", applications=[account.application(one) for one in applications])
    return account.person("Sally", roles=[maintains], teams=[team])


def test_an_allowed_change_is_recorded_with_what_decided_and_without_query_or_body(broker: Account) -> None:
    """Who, table, method, template with its parameters, and the grant, before anybody knows whether it is made."""
    sally = member(broker, "Foo", "Bar")
    asked = publication(broker, "Foo", "Bar")
    (event,) = broker.do(asked, sally)
    assert isinstance(event, ChangeAuthorised)
    assert ("broker", 1, "PUT", PATH) == (event.table, event.number, event.method, event.route)
    assert (Parameter("provider", "Bar"), Parameter("consumer", "Foo")) == event.parameters
    assert ["Foo"] == [thing.name for thing in event.on]
    record = broker.log[-1]
    assert sally == record.actor.principal
    assert ["contract_data:manage:team"] == [one.scope for one in record.authority]
    held = broker.now.shelf.get(Change, asked.change)
    assert held is not None
    assert (sally, None) == (held.principal, held.status)


def test_a_denied_change_is_recorded_as_every_other_denial(broker: Account) -> None:
    """Seed 002: Sally's team has not Baz, so she is denied, by name of what is missing; the attempt is a record."""
    sally = member(broker, "Foo")
    broker.application("Baz")
    with pytest.raises(errors.Forbidden, match="contract_data:manage on Baz"):
        broker.do(publication(broker, "Baz", "Foo"), sally)
    attempt = broker.log[-1].data
    assert isinstance(attempt, AttemptDenied)
    assert ("authorise_change", {"table": "broker", "method": "PUT"}) == (attempt.command, attempt.arguments)


def test_what_is_about_to_be_made_takes_own_or_all_and_then_is_its_makers(broker: Account) -> None:
    """Section 3.4: `team` alone never makes an application. Once reported as made, `own` reaches it."""
    only_team = broker.person("Tom", roles=[broker.role("team only", "contract_data:manage:team")])
    with pytest.raises(errors.Forbidden, match="contract_data:manage on New"):
        broker.do(publication(broker, "New", "Other"), only_team)
    sally = broker.person("Sally", roles=[broker.role("own", "contract_data:manage:own")], teams=[])
    asked = publication(broker, "New", "Other")
    broker.do(asked, sally)
    assert broker.now.application_named("New") is None
    reported, *made = broker.do(report(broker, asked.change, 201), proxy(broker))
    assert isinstance(reported, ChangeReported)
    created = [one for one in made if isinstance(one, ApplicationCreated)]
    assert [("New", sally), ("Other", sally)] == [(one.name, one.creator) for one in created]
    assert tuple(one.application for one in created) == reported.made
    broker.do(publication(broker, "New", "Other"), sally)
    billy = broker.person("Billy", roles=[broker.role("own too", "contract_data:manage:own")], teams=[])
    with pytest.raises(errors.Forbidden):
        broker.do(publication(broker, "New", "Other"), billy)


def test_a_provider_that_is_not_here_is_made_too_and_takes_the_right_to(broker: Account) -> None:
    """Section 3.4: the consumer decides, and whoever makes the provider needs the right to make one."""
    broker.application("Foo")
    tom = broker.person("Tom", roles=[broker.role("t", "contract_data:manage:team")])
    with pytest.raises(errors.Forbidden, match="contract_data:manage on Missing"):
        broker.do(publication(broker, "Foo", "Missing"), tom)


def test_every_permission_of_a_route_is_needed(broker: Account) -> None:
    """Deleting an application takes the right to it and the right to wipe whatever it takes part in (section 3.6)."""
    sally = member(broker, "Foo")
    with pytest.raises(errors.Forbidden, match="contract_data:bulk_delete"):
        broker.do(change(broker, "DELETE", "/applications/Foo"), sally)
    assert [ChangeAuthorised] == [
        type(one) for one in broker.do(change(broker, "DELETE", "/applications/Foo"))
    ]


def test_what_is_not_held_is_reached_by_all_alone(broker: Account) -> None:
    """A thing that nobody registered belongs to nobody: Kevin reaches everything, Sally's team and own do not."""
    sally = member(broker, "Foo")
    with pytest.raises(errors.Forbidden, match="contract_data:manage on Unknown"):
        broker.do(change(broker, "DELETE", "/applications/Unknown"), sally)
    broker.do(change(broker, "DELETE", "/applications/Unknown"))


@pytest.mark.parametrize(("method", "path"), [("POST", "/nowhere"), ("GET", "/pacts/provider/A/consumer/B")])
def test_what_is_no_change_of_the_table_is_denied(broker: Account, method: str, path: str) -> None:
    """The table in force when it is decided counts: no route, or one that only reads, lets nothing through."""
    with pytest.raises(errors.Forbidden, match="No route"):
        broker.do(change(broker, method, path))


def test_a_change_by_a_withdrawn_table_is_denied(broker: Account) -> None:
    """Even by who reaches everything."""
    broker.do(WithdrawRouteTable(name="broker"))
    with pytest.raises(errors.Forbidden, match="No route"):
        broker.do(publication(broker, "Foo", "Bar"))


def test_reporting_again_changes_nothing_and_otherwise_is_refused(broker: Account) -> None:
    """A proxy may say it twice, and late; it may not say two different things."""
    asked = publication(broker, "Foo", "Bar")
    broker.do(asked)
    who = proxy(broker)
    broker.clock.advance(seconds=86_400 * 30)
    broker.do(report(broker, asked.change, 422), who)
    assert broker.now.application_named("Foo") is None
    assert [] == broker.do(report(broker, asked.change, 422), who)
    with pytest.raises(errors.Refused, match="with status 422"):
        broker.do(report(broker, asked.change, 201), who)
    held = broker.now.shelf.get(Change, asked.change)
    assert held is not None
    assert 422 == held.status


def test_only_who_may_ask_about_everybody_reports_and_only_what_was_authorised(broker: Account) -> None:
    """Who was allowed a change does not say itself that it was made; an id that nobody was given is no change."""
    sally = member(broker, "Foo", "Bar")
    asked = publication(broker, "Foo", "Bar")
    broker.do(asked, sally)
    with pytest.raises(errors.Forbidden, match="access:evaluate"):
        broker.do(report(broker, asked.change, 200), sally)
    who = proxy(broker)
    with pytest.raises(errors.NotFound):
        broker.do(report(broker, ChangeId(broker.fresh.id()), 200), who)
    with pytest.raises(errors.Invalid, match="100 to 599"):
        broker.do(report(broker, asked.change, 600), who)


def test_conditions_of_a_grant_see_the_request_behind_the_proxy(broker: Account) -> None:
    """Method, route and the path's parameters, as the page says; a grant that depends on them counts nowhere else."""
    met = (
        Predicate(property="action.properties.method", equals="PUT"),
        Predicate(property="resource.properties.provider", equals="Bar"),
        Predicate(property="context.route", equals=PATH),
        Predicate(property="context.host", equals="broker.example.org"),
    )
    catalogue = OwnCatalogue(name="own", number=1, conditions=(Condition(name="for_bar", all=met),))
    broker.do(AdoptOwnCatalogue(catalogue=catalogue))
    for name in ("Foo", "Bar", "Baz"):
        broker.application(name)
    sally = broker.person("Sally", roles=[broker.role("c", "contract_data:manage:*?for_bar")], teams=[])

    def asked(provider: str, host: str) -> AuthoriseChange:
        found = publication(broker, "Foo", provider)
        return msgspec.structs.replace(found, request=msgspec.structs.replace(found.request, host=host))

    broker.do(asked("Bar", "broker.example.org"), sally)
    assert ["contract_data:manage:*?for_bar"] == [one.scope for one in broker.log[-1].authority]
    for provider, host in (("Baz", "broker.example.org"), ("Bar", "other.example.org"), ("Bar", "")):
        with pytest.raises(errors.Forbidden):
            broker.do(asked(provider, host), sally)
    with pytest.raises(errors.Forbidden):
        broker.do(change(broker, "DELETE", "/applications/Foo"), sally)


def test_a_thing_of_an_own_type_is_found_by_what_clients_call_it(broker: Account) -> None:
    """Its teams and owner decide, as they do wherever it is asked about; its held properties stand over the path's."""
    own = OwnCatalogue(
        name="own",
        number=1,
        types=(ThingType(name="thing"),),
        actions=(OwnAction(name="thing:write", types=("thing",), extents=("*", "team", "own")),),
        conditions=(
            Condition(name="open", all=(Predicate(property="resource.properties.state", equals="open"),)),
        ),
    )
    broker.do(AdoptOwnCatalogue(catalogue=own))
    route = Route(
        methods=("PUT",),
        path="/things/{thing}/{state}",
        action="thing:write",
        resource=RouteResource(type="thing", id="{thing}"),
        change=True,
    )
    broker.do(AdoptRouteTable(table=msgspec.structs.replace(TABLE, number=2, routes=(route,))))
    team = broker.team("T")
    sally = broker.person("Sally", roles=[broker.role("w", "thing:write:team")], teams=[team])
    billy = broker.person("Billy", roles=[broker.role("o", "thing:write:*?open")], teams=[])
    happened(
        broker,
        ResourceRegistered(
            resource=ResourceId(broker.fresh.id()),
            type="thing",
            name="one",
            owner=None,
            teams=(team,),
            properties=(Property("state", "closed"),),
        ),
    )
    broker.do(change(broker, "PUT", "/things/one/open"), sally)
    with pytest.raises(errors.Forbidden, match="thing:write on"):
        broker.do(change(broker, "PUT", "/things/one/open"), billy)
    with pytest.raises(errors.Forbidden, match="thing:write on"):
        broker.do(change(broker, "PUT", "/things/two/open"), sally)
    broker.do(change(broker, "PUT", "/things/two/open"), billy)
