"""Every order there is, four times under one Idempotency-Key, while the service and Postgres are killed."""

import asyncio
from typing import Final

import aiohttp
import msgspec

from tests.torture import killed, orders
from tests.torture.checker import Acknowledged
from tests.torture.ground import Ground
from tests.torture.orders import Known, Step
from tests.torture.served import Service, Watch, ended
from tests.torture.writers import PATIENCE_SECONDS_MAX, asked, session

ROUNDS: Final = 10
COMPANIES: Final = 8
REPEATS: Final = 3
_COMPARED: Final = ("Muniment-Position", "Location", "ETag", "Content-Type")


class Answer(msgspec.Struct, frozen=True):
    """What an order was answered, as far as a repeat must be answered the same."""

    status: int
    text: str
    headers: dict[str, str]


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A step as it was sent, and what it was answered."""

    step: Step
    number: int
    request: str
    path: str
    body: object
    token: str
    answer: Answer


class Company:
    """One company's story, told once and then again and again."""

    def __init__(self, ground: Ground, client: aiohttp.ClientSession, url: str, name: str) -> None:
        self._ground, self._client, self._url = ground, client, url
        self.name = name
        self.known: Known = {"s": name}
        self.given: list[Given] = []
        self.acknowledged: list[Acknowledged] = []

    async def tell(self, story: tuple[Step, ...]) -> None:
        """Give each order, and repeat it at once, or an earlier one."""
        for step in story:
            if step.by == "secret":
                await self._take_token()
            number = len(self.given) + 1
            request = f"{self.name}-{number}"
            body, path = step.body(self.known), step.path.format(**self.known)
            token = {"token": self.known[step.by]} if step.by else {}
            answer = await self._answered(step.method, path, body, request, **token)
            if not self._ground.require(
                answer.status == step.status,
                f"{request}, {step.method} {path}, was answered {answer.status}: {answer.text[:300]}",
            ):
                return
            self.known["position"] = answer.headers["Muniment-Position"]
            if step.saves:
                found = msgspec.json.decode(answer.text)
                for member in step.at:
                    found = found[member]
                self.known[step.saves] = str(found)
            given = Given(
                step=step, number=number, request=request, path=path, body=body, answer=answer,
                token=token.get("token", ""),
            )  # fmt: skip
            self.given.append(given)
            self.acknowledged.append(
                Acknowledged(
                    writer=self.name,
                    number=number,
                    request=request,
                    position=int(answer.headers["Muniment-Position"]),
                    orders=step.orders,
                )
            )
            await self.repeat(given)
            await self.repeat(self._ground.random.choice(self.given))

    async def repeat(self, given: Given) -> None:
        """Send it again: the same answer, or a violation."""
        token = {"token": given.token} if given.token else {}
        again = await self._answered(given.step.method, given.path, given.body, given.request, **token)
        self._ground.counts["repeats"] += 1
        self._ground.require(
            again == given.answer,
            f"{given.request}, {given.step.method} {given.path}, was answered {given.answer} first and {again} later.",
        )

    async def _take_token(self) -> None:
        """The system account's own read/write token, and the id of its read-only one."""
        path = f"/admin/system-accounts/{self.known['bot']}/tokens"
        document = msgspec.json.decode((await self._answered("GET", path, None, "")).text)
        for item in document["_embedded"]["items"]:
            self.known["token" if item["readOnly"] else "secret"] = item[
                "uuid" if item["readOnly"] else "value"
            ]

    async def _answered(self, method: str, path: str, body: object, request: str, **token: str) -> Answer:
        async with asyncio.timeout(PATIENCE_SECONDS_MAX):
            while True:
                try:
                    status, headers, text = await asked(
                        self._client, method, f"{self._url}{path}", body, request, **token
                    )
                except (aiohttp.ClientError, TimeoutError):
                    await asyncio.sleep(0.1)
                    continue
                if status not in (429, 503):
                    kept = {name: headers[name] for name in _COMPARED if name in headers}
                    return Answer(status, text, kept)
                self._ground.require(
                    "Retry-After" in headers, f"{request}: {status} without Retry-After: {text[:300]}"
                )
                await asyncio.sleep(0.1)


async def run(ground: Ground) -> None:
    """Each order is done once and answered the same, before and after any number of deaths."""
    service = Service(ground)
    async with ended(service), session() as client:
        await service.start()
        watch = Watch(ground, service.owner_dsn)
        done = False
        told: list[Company] = []

        async def live(place: int) -> None:
            while not (done or ground.violations):
                company = Company(ground, client, service.url, f"c{place}-{len(told)}")
                told.append(company)
                await company.tell(orders.STORY)

        living = [asyncio.create_task(live(place)) for place in range(COMPANIES)]
        for number in range(ground.rounds):
            await asyncio.sleep(ground.random.uniform(0.3, 2.5))
            victim = ground.random.choice(killed.VICTIMS)
            ground.tell(f"round {number + 1}, {victim}: {sum(len(one.given) for one in told)} orders")
            await killed.kill(service, victim)
            if victim in ("service", "both"):
                await service.start()
            else:
                await service.ready()
        done = True
        await asyncio.gather(*living)
        last = Company(ground, client, service.url, "last")
        await last.tell(orders.AT_THE_END)
        everybody = [*told, last]
        await asyncio.gather(*(_repeat_all(company) for company in everybody))
        await watch.check([one for company in everybody for one in company.acknowledged], [])
        await service.prove()
        ground.counts["orders"] += sum(len(company.given) for company in everybody)
        await service.stop()


async def _repeat_all(company: Company) -> None:
    """Once more, long after: what the order named is renamed or gone by now."""
    for given in company.given:
        await company.repeat(given)
