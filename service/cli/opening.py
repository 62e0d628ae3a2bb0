"""How a command comes to the account: the same opening as the service's, beside a running one or without.

Nothing here opens an account or makes a file: on an empty log a command says so and ends.
"""

import os
import pwd
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec

from service import app as application
from service import data_directory, database, errors, vocabulary
from service.app import App
from service.cli import logs, options, output
from service.commands import Command
from service.commands.order import Caller
from service.log import connect, migrate
from service.log.connect import Connection
from service.log.keys import Keys
from service.orders import Order, Outcome
from service.queries import moments
from service.queries.moments import Moment
from service.settings import Settings


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """The record itself, not replayed: for commands that must work also where a replay would stop."""

    settings: Settings
    keys: Keys
    connection: Connection


@asynccontextmanager
async def opened(*, forked: bool = False) -> AsyncIterator[App]:
    """The account as it stands, ready to be asked and to take orders. Raises Refused (`not_open`) on an empty log.

    With `forked` also a log that lacks what was seen from here before.
    """
    loaded = options.settings()
    logs.quiet(loaded.settings)
    options.warn(loaded)
    with output.progress("Replaying the log") as tell:
        opening = application.opened(loaded.settings, forked=forked, progress=tell)
        app = await opening.__aenter__()
    async with AsyncExitStack() as stack:
        stack.push_async_exit(opening)
        yield app


@asynccontextmanager
async def record(purpose: str) -> AsyncIterator[Record]:
    """A connection to the record and the keys, without a replay. Raises as `opened` where there is nothing yet."""
    loaded = options.settings()
    logs.quiet(loaded.settings)
    options.warn(loaded)
    async with AsyncExitStack() as stack:
        target = await database.found(loaded.settings, stack)
        connection = await connect.connect(target, loaded.settings.schema, purpose)
        stack.push_async_callback(connection.close)
        await migrate.require_current(connection, loaded.settings.schema)
        yield Record(
            settings=loaded.settings,
            keys=data_directory.own_keys(loaded.settings),
            connection=connection,
        )


async def moment(app: App, as_of: str | None, option: str = "--as-of") -> Moment:
    """The moment that the option names, or now. Whoever named none is told which option it was."""
    try:
        return await moments.view_of(app.reader, app.replica, as_of, parameter=option)
    except errors.Invalid as failure:
        told = failure.sentence if option in failure.sentence else f"{option}: {failure.sentence}"
        raise errors.Invalid(told, option) from failure


async def order(app: App, command: Command, reason: str = "", ticket: str = "") -> Outcome:
    """Give an order through the one door, as whoever sits at the console."""
    return await given(app, command, Caller(console=console()), reason, ticket)


async def given(app: App, command: Command, caller: Caller, reason: str = "", ticket: str = "") -> Outcome:
    """Give an order as this caller; reason and ticket are checked as everywhere."""
    why, under = checked(reason, ticket)
    return await app.handler.handle(Order(command=command, caller=caller, reason=why, ticket=under))


def checked(reason: str, ticket: str) -> tuple[str, str]:
    """A reason and a ticket within the bounds that hold everywhere. Raises Invalid."""
    return (
        vocabulary.paragraph(reason, "--reason", "reason", vocabulary.REASON_LENGTH_MAX),
        vocabulary.line(ticket, "--ticket", "ticket", vocabulary.NAME_LENGTH_MAX),
    )


def console() -> str:
    """The operating system's user, by the account that the process runs under, not by what the environment says."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container may run as a number that has no name
        return f"uid {os.getuid()}"
