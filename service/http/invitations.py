"""Many people invited in one request (section 3.10): each by an order of their own, after all were looked at."""

from aiohttp import web

from projections import things
from service import errors
from service.commands.users import require_no_system_account
from service.http import requests, responses, users
from service.http.edge import Call
from service.http.requests import Body
from service.http.responses import Document
from service.orders import Outcome
from service.vocabulary import email, email_key, name

INVITED_MAX = 200
"""People in one POST /admin/users/invite-users."""


async def many(call: Call) -> web.Response:
    """POST /admin/users/invite-users `{users: [{email, name}]}`: all are checked before any is invited."""
    body = await requests.body(call)
    people = list(body.objects("users"))
    if len(people) > INVITED_MAX:
        raise errors.Invalid(f"At most {INVITED_MAX} people fit in one request.", "/users")
    addresses = [email_key(_checked(call, person)) for person in people]
    found: dict[str, Document] = {}
    tried: list[Outcome] = []
    for number, person in enumerate(people):
        if addresses[number] in addresses[:number]:
            continue  # a second invitation would put an end to the code of the first
        try:
            outcome, address = await users.invite(call, body, person, part=str(number))
        except requests.Rehearsed as rehearsed:
            tried += rehearsed.outcomes
            continue
        found[addresses[number]] = users.drawn(call, outcome, address)
    if tried:
        raise requests.Rehearsed(*tried)
    links = {"self": responses.link(responses.here(call))}
    return responses.hal(call, {"users": [found[address] for address in addresses], "_links": links})


def _checked(call: Call, person: Body) -> str:
    """The person's address, once nothing of what is said about them can be refused any more, or Invalid or Refused.

    A refusal after the first was invited would leave them invited, with a code that nobody was shown.
    """
    address = email(person.text("email"), person.pointer("email"))
    name(person.text("name"), person.pointer("name"))
    for field in ("firstName", "lastName"):
        if given := person.optional_text(field):
            name(given, person.pointer(field))
    person.flag("active")
    if call.may_order("user:invite", things.anything("user")):
        require_no_system_account(call.view, address, person.pointer("email"))
    return address
