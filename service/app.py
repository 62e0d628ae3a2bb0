"""The composition root: settings in, a working replica out. The only reader of the clock and of randomness.

Opening is the same for the service and for every command of the console: find Postgres, see that the tables are
this release's, compare the log with what was seen from here, replay it, and only then write or answer.
"""

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from importlib.metadata import version

import msgspec
import structlog

from projections.follow import Follower
from projections.replica import Replica
from service import data_directory, database, errors, holding, resume, snapshots
from service.carrying import Carrying
from service.catalogue.loader import shipped
from service.commands.account import AdoptCatalogue, OpenAccount, RestoreLog
from service.commands.order import Caller
from service.deliveries import Deliveries
from service.drafting import Drafter
from service.fresh import Fresh
from service.handling import Handler
from service.log import connect, witness
from service.log.connect import Connection
from service.log.keys import Keys
from service.log.pulse import Pulse
from service.orders import Order, Outcome
from service.queries.reading import Reader
from service.reaching import Client
from service.retention import Retention
from service.settings import Settings
from service.snapshots import Snapshots
from service.upkeep import Upkeep
from service.uses import Uses
from service.vigil import Vigil

RELEASE = version("muniment")
_log = structlog.get_logger("muniment")
Progress = Callable[[int, int], None]


class App(msgspec.Struct, kw_only=True):
    """A working replica and its parts. `notices` are sentences for whoever started it."""

    settings: Settings
    keys: Keys
    fresh: Fresh
    replica: Replica
    drafter: Drafter
    handler: Handler
    reader: Reader
    upkeep: Upkeep
    vigil: Vigil
    pulse: Pulse
    snapshots: Snapshots
    retention: Retention
    uses: Uses
    client: Client
    carrying: Carrying
    deliveries: Deliveries
    resumed_from: int = 0
    """The position of the snapshot that this replica started from; 0 where it replayed the whole log."""
    connected: Callable[[str], Awaitable[Connection]]
    follower: Follower | None = None
    release: str = RELEASE
    notices: list[str] = []

    def caught_up(self) -> bool:
        """Whether this replica may serve: it follows, and nothing stopped it."""
        return not self.replica.stopped and self.replica.position > 0


def clock() -> datetime:
    """Now, UTC. The one place that reads the clock."""
    return datetime.now(UTC)  # noqa: TID251  # the one place


@asynccontextmanager
async def opened(
    settings: Settings,
    *,
    open_account: bool = False,
    follow: bool = False,
    forked: bool = False,
    progress: Progress = lambda _done, _all: None,
    clock: Callable[[], datetime] = clock,
) -> AsyncIterator[App]:
    """A working replica for as long as the context lasts.

    With `open_account` an empty log is opened and secrets that are missing are made; without it nothing is
    made, and an empty log is Refused (`not_open`). With `follow` it keeps up with other replicas and signs
    checkpoints. With `forked` a log that lacks what was seen from here is opened all the same, for `restored`.
    Everything that is decided or recorded goes by `clock`, which tests set.
    Raises Broken for a log that must not be served from here, Unavailable when Postgres is away.
    """
    notices: list[str] = []
    async with AsyncExitStack() as stack:
        target = await database.serving(settings, stack, notices, make=open_account)

        async def connected(purpose: str) -> Connection:
            return await connect.connect(target, settings.schema, purpose)

        drawn = (lambda: secrets.token_bytes(32)) if open_account else None
        keys = await data_directory.keys(settings, connected, notices, drawn)
        app = _composed(settings, keys, connected, notices, clock)
        await _replayed(app, progress, forked=forked)
        await app.handler.start()
        stack.push_async_callback(app.reader.close)
        stack.push_async_callback(app.client.close)
        stack.push_async_callback(_farewell, app, follow=follow)
        await _opened_or_refused(app, open_account=open_account)
        _sign_with_own_key(app)
        if follow:
            await _adopt_newer_catalogue(app)
            await _following(app, stack)
        yield app


async def restored(
    app: App, console: str, reason: str = "", ticket: str = "", *, force: bool = False
) -> Outcome:
    """Begin a new epoch on a log opened with `forked`, and record what was lost as far as this machine saw it.

    Raises Refused where nothing is missing, since a new epoch stops every service on the log; not with `force`.
    """
    head = app.replica.head
    assert head is not None, "an opened replica has caught up"
    seen = witness.recall(data_directory.seen_file(app.settings), app.keys)
    connection = await app.connected("restored")
    try:
        if not force:
            await witness.require_loss(connection, seen)
        lost_from, lost_to = await witness.lost(connection, head, seen)
    finally:
        await connection.close()
    command = RestoreLog(epoch_before=head.epoch, epoch=app.fresh.id(), lost_from=lost_from, lost_to=lost_to)
    order = Order(command=command, caller=Caller(console=console), reason=reason, ticket=ticket)
    return await app.handler.handle(order)


# -- the replica -------------------------------------------------------------------------------------------


def _composed(
    settings: Settings,
    keys: Keys,
    connected: Callable[[str], Awaitable[Connection]],
    notices: list[str],
    clock: Callable[[], datetime],
) -> App:
    fresh = Fresh(keys, secrets.token_bytes)
    replica = Replica(keys, clock)
    drafter = Drafter(replica, fresh, clock, RELEASE)
    pulse = Pulse(lambda: connected("pulse"))
    handler = Handler(replica, drafter, lambda: connected("append"), pulse)
    files = data_directory.seen_file(settings), data_directory.forgotten_file(settings)
    uses = Uses()
    vigil = Vigil(replica, handler, lambda: connected("vigil"), clock)
    client = Client(settings, RELEASE, clock)
    sends = Reader(lambda: connected("webhook"), pulse)
    carrying = Carrying(replica, handler, keys, client, sends, settings, clock)
    upkeep = Upkeep(replica, drafter, handler, *files, lambda: connected("upkeep"), pulse, uses)
    return App(
        settings=settings,
        keys=keys,
        fresh=fresh,
        replica=replica,
        drafter=drafter,
        handler=handler,
        reader=Reader(lambda: connected("read"), pulse),
        pulse=pulse,
        upkeep=upkeep,
        vigil=vigil,
        snapshots=Snapshots(
            replica,
            settings.snapshot_every,
            lambda: connected("snapshots"),
            snapshots.environment(settings, os.environ),
        ),
        retention=Retention(replica, handler, clock, settings.deleted_contracts_kept_days),
        uses=uses,
        client=client,
        carrying=carrying,
        deliveries=Deliveries(
            replica, carrying, lambda: connected("webhooks"), clock, lambda: vigil.stopping
        ),
        connected=connected,
        notices=notices,
    )


async def _replayed(app: App, progress: Progress, *, forked: bool) -> None:
    connection = await app.connected("replay")
    try:
        if forked:
            app.upkeep.trust(await witness.require_tree(connection), signed=0)
        else:
            seen = witness.recall(data_directory.seen_file(app.settings), app.keys)
            resumed = await resume.resumed(app.replica, connection, seen, progress)
            app.notices += resumed.notices
            proven = resumed.proven or await witness.require_no_fork(connection, seen)
            app.upkeep.trust(proven.tree, proven.signed)
            if resumed.header is not None:
                app.resumed_from = resumed.header.position
                app.upkeep.scrub_below(resumed.header.tree)
            if proven.doubt:
                app.notices.append(f"Warning: {proven.doubt}")
        await app.replica.catch_up(connection, progress)
    finally:
        await connection.close()


async def _opened_or_refused(app: App, *, open_account: bool) -> None:
    if app.replica.position:
        _doubt_other_token(app)
        return
    if not open_account:
        raise errors.Refused(
            "not_open", "This log is empty: no account was opened yet. `muniment serve` opens one."
        )
    head = app.replica.head
    assert head is not None, "the replica has caught up"
    origin = _origin(app.settings, head.account)
    token = data_directory.first_token(app.settings, app.fresh, app.notices)
    command = OpenAccount(
        account=head.account,
        epoch=head.epoch,
        origin=origin,
        verifier=app.keys.signer(origin).verifier,
        catalogue=shipped(),
        administrator=app.fresh.principal(),
        tokens=app.fresh.tokens(token),
        administrator_name="Administrator",
        administrator_email=app.settings.admin_email,
        profile=app.settings.role_names,
    )
    try:
        await app.handler.handle(Order(command=command, caller=Caller(system="first start")))
    except errors.Refused as refusal:
        if refusal.reason != "account_open":
            raise
        _doubt_other_token(app)  # another replica started at the same moment and was first
        return
    _log.info("account opened", account=head.account)


def _doubt_other_token(app: App) -> None:
    wanted = app.settings.admin_token
    if wanted is not None and app.replica.now().token_with_digest(app.keys.token_digest(wanted)) is None:
        app.notices.append(
            "Warning: MUNIMENT_ADMIN_TOKEN is no token's value in this account. It counts at the first start "
            "only; since then tokens are regenerated through the API, or by `muniment break-glass`."
        )


def _origin(settings: Settings, account: str) -> str:
    """The log's name on its checkpoints: where it is served, without the scheme, and which account it is."""
    return f"{holding.log_origin(settings.base_url)}/log/{account}"


def _sign_with_own_key(app: App) -> None:
    """Let upkeep sign, if the log names our key. A replica with another key does not sign, and is not ready."""
    opening = app.replica.directory.opened
    assert opening is not None, "record 1 opens the log"
    signer = app.keys.signer(opening.origin)
    if signer.verifier != opening.verifier:
        raise errors.Broken(
            "The log names another verifier key than this MUNIMENT_KEY yields. Start with that key."
        )
    app.upkeep.sign_with(signer)


async def _adopt_newer_catalogue(app: App) -> None:
    command = AdoptCatalogue(catalogue=shipped())
    if command.catalogue.number > app.replica.now().compiled.number:
        await app.handler.handle(Order(command=command, caller=Caller(system="catalogue of this release")))


async def _farewell(app: App, *, follow: bool) -> None:
    """Finish what is queued; whoever wrote signs and remembers it. A command that only reads leaves nothing behind."""
    await app.handler.stop()
    if follow or app.handler.commits:
        await app.upkeep.stop()


async def _learning(app: App) -> None:
    try:
        await app.replica.learn_people()
    except errors.Broken as failure:
        _log.error("replica stopped", sentence=failure.sentence)


def _hold_webhooks(app: App) -> None:
    opening = app.replica.directory.opened
    assert opening is not None, "record 1 opens the log"
    held = app.client.held = app.deliveries.held = holding.why_held(app.settings, opening)
    if held and app.settings.webhooks == "auto":
        app.notices.append(
            f"Warning: Webhooks are held. {held} If it moved here, set MUNIMENT_WEBHOOKS=send; if this is a copy,"
            " MUNIMENT_WEBHOOKS=hold: else its webhooks would call the receivers of the original."
        )


async def _following(app: App, stack: AsyncExitStack) -> None:
    follower = Follower(
        app.replica, app.settings.schema, lambda: app.connected("follow"), time.monotonic, app.pulse
    )
    app.follower = follower
    await follower.start()
    stack.push_async_callback(follower.stop)
    await app.upkeep.start()
    learning = asyncio.create_task(_learning(app), name="muniment people")
    stack.callback(learning.cancel)
    await app.vigil.start()
    stack.push_async_callback(app.vigil.stop)
    app.retention.start()
    stack.push_async_callback(app.retention.stop)
    _hold_webhooks(app)
    app.deliveries.start()
    stack.push_async_callback(app.deliveries.stop)
    app.snapshots.start(app.resumed_from)
    stack.push_async_callback(app.snapshots.stop)
