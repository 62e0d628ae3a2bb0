"""Secrets and webhooks at the console: named, shown, verified, copied, restored, sealed again; no value printed."""

from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import msgspec
import pytest

from service.log.keys import Keys
from service.vocabulary import VaultRef
from tests import postgres, service
from tests.cli.conftest import Printed, Terminal

VALUE = "the first value, which nobody is told"
LATER_VALUE = "the value in force, which nobody is told"
PASSWORD = "the password, which nobody is told"
IN_PATH = "a-key-in-the-path"
LATER = "22" * 32
Seated = Callable[[postgres.Database | None], Terminal]


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A database with the secret ci-token of team A, rotated once, one of the same name of no team, and a webhook."""

    database: postgres.Database
    secret: str
    nobodys: str
    webhook: str


@pytest.fixture(scope="module")
def kept(postgres_server: postgres.Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """Made over HTTP by a service that is gone by now."""
    database = postgres_server.create()
    yield postgres.run(_made(database, tmp_path_factory.mktemp("service")))
    postgres_server.drop(database.name)


async def _made(database: postgres.Database, data_dir: Path) -> Kept:
    async with service.running(database, data_dir) as running:
        team = await running.team("A")
        body = {"name": "ci-token", "description": "For the build", "value": VALUE}
        ours = await running.admin.post("/secrets", {**body, "teamUuid": team})
        nobodys = await running.admin.post("/secrets", body)
        assert (201, 201) == (ours.status, nobodys.status), ours.text
        path = f"/secrets/{ours.json['uuid']}"
        rotated = await running.admin.put(path, {"name": "ci-token", "value": LATER_VALUE})
        assert 200 == rotated.status, rotated.text
        request = {
            "method": "POST",
            "url": f"https://ci.example.org/{IN_PATH}/build",
            "headers": {"X-Key": "${user.ci-token}"},
            "username": "robot",
            "password": PASSWORD,
        }
        document = {"description": "Build", "teamUuid": team, "events": [{"name": "contract_published"}]}
        webhook = await running.admin.post("/webhooks", {**document, "request": request})
        assert 201 == webhook.status, webhook.text
    return Kept(
        database=database,
        secret=ours.json["uuid"],
        nobodys=nobodys.json["uuid"],
        webhook=webhook.json["uuid"],
    )


@pytest.fixture
def at(
    kept: Kept,
    make_database: Callable[..., postgres.Database],
    seated: Seated,
    monkeypatch: pytest.MonkeyPatch,
) -> Terminal:
    """At a copy of that database, as its owner."""
    terminal = seated(make_database(template=kept.database.name))
    monkeypatch.setenv("MUNIMENT_MIGRATE_URL", terminal.database.owner_dsn)
    return terminal


def values(dsn: str, *keys: str) -> set[str]:
    """What the vault's rows say, opened with the account's keys."""

    async def read() -> set[str]:
        connection = await asyncpg.connect(dsn)
        try:
            rows = await connection.fetch("select ref::text, ciphertext from muniment.vault")
        finally:
            await connection.close()
        opener = Keys.derived(*(bytes.fromhex(one) for one in (service.KEY, *keys)))
        return {opener.open_vault(VaultRef(ref), octets).decode(errors="replace") for ref, octets in rows}

    return postgres.run(read())


def executed(dsn: str, statement: str, *arguments: object) -> None:
    """A statement of the tables' owner, whom no grant stops."""

    async def execute() -> None:
        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute(statement, *arguments)
        finally:
            await connection.close()

    postgres.run(execute())


def ref_of(terminal: Terminal, what: str) -> str:
    """The vault row that the record names: for the secret's value in force, or for a part of the webhook's request."""

    async def read() -> str:
        connection = await asyncpg.connect(terminal.database.owner_dsn)
        try:
            found: str = await connection.fetchval(_REFS[what])
            return found
        finally:
            await connection.close()

    return postgres.run(read())


_CREATED = "from muniment.log where entry::jsonb->'data'->>'kind' = 'webhook.created'"
_REFS = {
    "value": "select entry::jsonb->'data'->>'value' from muniment.log"
    " where entry::jsonb->'data'->>'kind' = 'secret.rotated'",
    "request": f"select entry::jsonb->'data'->'request'->>'content' {_CREATED}",
    "password": f"select entry::jsonb->'data'->'request'->'sealed'->0->>1 {_CREATED}",
}


def test_a_secret_is_shown_as_it_was_and_never_its_value(at: Terminal, kept: Kept) -> None:
    """By team and name, by id, and as of a moment; the trail says that it was rotated."""
    shown = at("show", "secret:A/ci-token", "--json")
    assert (0, kept.secret, "A") == (shown.code, shown.json["id"], shown.json["team"]["name"])
    assert kept.nobodys == at("show", "secret:/ci-token", "--json").json["id"]
    assert ["ci-token"] == [one["name"] for one in at("show", "team:A", "--json").json["secrets"]]
    unclear = at("show", "secret:ci-token")
    assert 2 == unclear.code
    assert "secret:A/ci-token" in unclear.err
    trail = at("audit", "--touches", f"secret:{kept.secret}")
    assert "created the secret ci-token of the team A" in trail.out
    assert "gave the secret ci-token another value" in trail.out
    everything: list[Printed] = [
        shown,
        trail,
        at("audit", "--limit", "500", "--json"),
        at("doctor"),
        at("verify"),
    ]
    assert [] == [one for one in everything if VALUE in one.out + one.err or LATER_VALUE in one.out + one.err]


def test_who_may_is_asked_by_name(at: Terminal) -> None:
    """The first Administrator may; a secret that is not there is an error, not nobody."""
    assert 0 == at("who", "secret:manage", "secret:A/ci-token").code
    assert 0 == at("why", "admin@example.org", "secret:manage", "secret:A/ci-token").code
    assert 3 == at("who", "secret:manage", "secret:A/nothing").code
    assert 2 == at("who", "secret:manage", "secret:ci-token").code


def test_a_webhook_is_shown_without_its_request(at: Terminal, kept: Kept) -> None:
    """Where it goes and which secrets it names, as the record has it; the rest is for who may manage it, over HTTP."""
    shown = at("show", f"webhook:{kept.webhook}", "--json")
    assert 0 == shown.code, shown.err
    document = shown.json
    assert ("POST", "https://ci.example.org", ["ci-token"]) == (
        document["method"],
        document["destination"],
        document["secrets"],
    )
    assert ["Build"] == [one["name"] for one in at("show", "team:A", "--json").json["webhooks"]]
    trail = at("audit", "--touches", f"webhook:{kept.webhook}")
    assert "created the webhook Build of the team A" in trail.out
    everything = [
        shown,
        trail,
        at("show", f"webhook:{kept.webhook}"),
        at("audit", "--json", "--limit", "500"),
    ]
    assert [] == [one for one in everything if PASSWORD in one.out + one.err or IN_PATH in one.out + one.err]


@pytest.mark.parametrize("what", ["value", "request", "password"])
@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("delete from muniment.vault where ref = $1::uuid", "missing"),
        ("update muniment.vault set ciphertext = ciphertext || '\\x00' where ref = $1::uuid", "open"),
        (
            "insert into muniment.vault select gen_random_uuid(), ciphertext from muniment.vault where ref = $1::uuid",
            "no record",
        ),
    ],
)
def test_verify_finds_a_value_that_is_missing_damaged_or_left_over(
    at: Terminal, what: str, statement: str, says: str
) -> None:
    """Whoever has the database can take a value away; that is found, with the position that named it."""
    assert 0 == at("verify").code
    executed(at.database.owner_dsn, statement, ref_of(at, what))
    found = at("verify")
    assert 6 == found.code
    assert "vault" in found.out + found.err
    assert says in found.out + found.err


def test_a_restored_copy_opens_the_values(
    at: Terminal,
    kept: Kept,
    tmp_path: Path,
    make_database: Callable[..., postgres.Database],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The copy holds the value in force, sealed, and not the one before it."""
    file = tmp_path / "monday.backup"
    assert 0 == at("backup", str(file)).code
    assert 0 == at("backup", "--check", str(file)).code
    empty = make_database()
    monkeypatch.setenv("DATABASE_URL", empty.service_dsn)
    monkeypatch.setenv("MUNIMENT_MIGRATE_URL", empty.owner_dsn)
    done = at("restore", str(file), "--json")
    assert 0 == done.code, done.err
    assert done.json["same_state"]
    held = values(empty.owner_dsn)
    assert LATER_VALUE in held
    assert {VALUE, PASSWORD} <= held, "the secret of no team has the first"
    assert any(IN_PATH in one for one in held)
    assert 0 == at("verify").code
    assert kept.secret == at("show", "secret:A/ci-token", "--json").json["id"]


def test_a_change_of_keys_seals_the_values_again(at: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Afterwards nothing stands under the first key, and everything opens."""
    monkeypatch.setenv("MUNIMENT_KEY", f"{service.KEY},{LATER}")
    before = values(at.database.owner_dsn, LATER)
    assert 0 == at("keys", "rotate", "--yes").code
    first, second = at("keys", "show", "--json").json
    assert (0, True) == (first["values"], second["values"] > 0)
    assert before == values(at.database.owner_dsn, LATER)
    assert 0 == at("verify").code


def test_a_start_from_a_snapshot_knows_them(at: Terminal, kept: Kept) -> None:
    """Names, teams and refs stand in a snapshot as the log has them; the state is the same as replayed."""
    assert 0 == at("snapshot").code
    checked = at("rebuild", "--check", "--json")
    assert (0, True) == (checked.code, checked.json["same"])
    assert kept.secret == at("show", "secret:A/ci-token", "--json").json["id"]
