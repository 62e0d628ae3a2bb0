"""What is really sent for a webhook whose team was deleted: section 3.7, as of whoever sends it and why."""

from pathlib import Path

from tests import postgres, receiver
from tests.service import Client
from tests.webhooks import serving

UNRESOLVED = "%24%7Buser.Global%7D"


async def test_what_a_deleted_team_left_is_sent_with_no_secret_but_its_own(
    database: postgres.Database, tmp_path: Path
) -> None:
    """Seed 003: by an event and by a test alike it draws on what came from its team, until it is saved."""
    async with receiver.listening() as there, serving.running(database, tmp_path) as running:
        admin, team = running.admin, await running.team("A")
        role = await running.role("Own", "secret:manage:team", "webhook:manage:team")
        sally = await running.person("Sally", roles=[role], teams=[team])
        await secret(sally, "Ours", "own", team)
        request = {"url": there.url("/${user.Ours}/${user.Global}"), "body": None}
        webhook = await serving.webhook(sally, "", teamUuid=team, request=request)
        await secret(admin, "Global", "planted", None)
        assert 204 == (await admin.delete(f"/admin/teams/{team}")).status
        place = f"/webhooks/{webhook}"

        async def sent(number: int) -> list[str]:
            await serving.publish(admin, str(number))
            await there.count(2 * number - 1)
            assert 200 == (await admin.post(f"{place}/execute")).status
            return [one.target for one in (await there.count(2 * number))[-2:]]

        assert [f"/own/{UNRESOLVED}"] * 2 == await sent(1)
        assert 403 == (await sally.post(f"{place}/execute")).status
        saved = await admin.put(place, (await admin.get(place)).json)
        assert 200 == saved.status, saved.text
        assert ["/own/planted"] * 2 == await sent(2)


async def secret(client: Client, name: str, value: str, team: str | None) -> None:
    """A secret of a team, or of none."""
    made = await client.post("/secrets", {"name": name, "value": value, "teamUuid": team})
    assert 201 == made.status, made.text
