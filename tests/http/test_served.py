"""GET /diagnostic/status/digest: what a running replica says that it holds."""

import asyncio

from projections import digest, rebuild
from projections.directory import Directory
from tests.http.test_bad_input import require_refusal
from tests.service import Answer, Running

PATH = "/diagnostic/status/digest"


async def test_it_is_for_who_may_read_the_trail(running: Running) -> None:
    """Nobody learns from a digest what they could not read."""
    sally = await running.person("Sally")
    require_refusal(await running.nobody.get(PATH), 401)
    require_refusal(await sally.get(PATH), 403)
    assert 200 == (await running.admin.get(PATH)).status


async def test_it_is_exact_at_its_position(running: Running) -> None:
    """Asked while others write, each answer is the state of the log replayed to just the position that it names."""

    async def write(number: int) -> None:
        await running.role(f"Role {number}", "secret:manage:team")

    async def ask(number: int) -> Answer:
        await asyncio.sleep(number / 200)
        return await running.admin.get(PATH)

    first = await ask(0)
    answers, _ = await asyncio.gather(
        asyncio.gather(*map(ask, range(8))), asyncio.gather(*map(write, range(40)))
    )
    positions = sorted({answer.json["position"] for answer in (first, *answers)})
    assert len(positions) > 1
    replayed: dict[int, dict[str, str]] = {}
    directory = Directory()
    async with running.app.reader.connection() as connection:
        for position in positions:
            await rebuild.replay(connection, directory, position, lambda _done, _all: None)
            replayed[position] = digest.parts(directory)
    for answer in (first, *answers):
        position = answer.json["position"]
        assert position == answer.position
        assert replayed[position] == answer.json["parts"]
        assert digest.whole(replayed[position]) == answer.json["digest"]
