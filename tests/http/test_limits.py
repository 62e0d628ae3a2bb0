"""How often somebody may be told no: who is limited, who is not, and what it costs."""

from pathlib import Path

import pytest

from service import errors
from service.http import limits
from tests import postgres, service
from tests.http.test_bad_input import require_refusal


class Clock:
    """Monotonic seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def refused(buckets: limits.Buckets, key: str) -> int:
    """Retry-After where the key is limited, 0 where it is not."""
    try:
        buckets.require(key)
    except errors.Throttled as limit:
        return limit.retry_after_seconds
    return 0


def test_a_bucket_holds_a_minutes_refusals_and_refills_with_time() -> None:
    """As many refusals as the setting says go through at once; then one for each pause that Retry-After names."""
    clock = Clock()
    buckets = limits.Buckets(6, "Slowly.", clock)
    for _ in range(6):
        assert 0 == refused(buckets, "bot")
        buckets.spend("bot")
    assert 10 == refused(buckets, "bot")
    assert 0 == refused(buckets, "somebody else")
    clock.now += 10.0
    assert 0 == refused(buckets, "bot")
    buckets.spend("bot")
    assert 10 == refused(buckets, "bot")
    clock.now += 3_600.0
    for _ in range(6):
        assert 0 == refused(buckets, "bot")
        buckets.spend("bot")
    assert 10 == refused(buckets, "bot")


def test_who_goes_on_knocking_stays_out() -> None:
    """A bot that asks more often than a bucket refills gets nothing more recorded until it pauses."""
    clock = Clock()
    buckets = limits.Buckets(60, "Slowly.", clock)
    for _ in range(60):
        buckets.spend("bot")
    for _ in range(1_000):
        clock.now += 0.5
        assert 1 == refused(buckets, "bot")
    clock.now += 1.0
    assert 0 == refused(buckets, "bot")


def test_zero_is_no_limit() -> None:
    """An operator with a limiting proxy in front can switch it off."""
    buckets = limits.Buckets(0, "Slowly.")
    for _ in range(1_000):
        buckets.spend("bot")
        assert 0 == refused(buckets, "bot")
    assert 0 == len(buckets)


def test_the_memory_of_refusals_is_bounded() -> None:
    """However many addresses knock, no more than KEYS_MAX are remembered; the one that knocked last is among them."""
    buckets = limits.Buckets(1, "Slowly.", Clock())
    for number in range(limits.KEYS_MAX + 100):
        buckets.spend(f"{number}")
    assert limits.KEYS_MAX == len(buckets)
    assert 60 == refused(buckets, f"{limits.KEYS_MAX + 99}")
    assert 0 == refused(buckets, "0")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("", ""),
        ("no:address", "no:address"),
    ],
)
def test_an_ipv6_subscriber_is_one_stranger(address: str, expected: str) -> None:
    """Who has 2^64 addresses gets no bucket for each."""
    assert expected == limits.network(address)


async def test_a_bot_that_is_denied_again_and_again_is_limited(
    database: postgres.Database, tmp_path: Path
) -> None:
    """Its changes are 429 before anything is recorded; its reads and questions, and everybody else, go on."""
    async with service.running(database, tmp_path, MUNIMENT_DENIALS_PER_MINUTE="5") as running:
        nothing = await running.role("Nothing")
        bot = await running.system_account("Bot", roles=[nothing], teams=[])
        for number in range(5):
            require_refusal(await bot.post("/admin/roles", {"name": f"x{number}", "permissions": []}), 403)
        before = running.position
        for number in range(50):
            answer = await bot.post("/admin/teams", {"name": f"y{number}"})
            require_refusal(answer, 429)
            assert "12" == answer.headers["Retry-After"]
        problem = await bot.delete("/pacticipants/x", headers={"Accept": "application/problem+json"})
        assert (429, "Too Many Requests") == (problem.status, problem.json["title"])
        assert before == running.position
        assert 200 == (await bot.get("/user")).status
        assert 200 == (await bot.read_only().get("/user")).status
        assert 403 == (await bot.get("/admin/roles")).status
        assert 201 == (await running.admin.post("/admin/teams", {"name": "A"})).status


async def test_a_stolen_read_only_token_limits_only_itself(
    database: postgres.Database, tmp_path: Path
) -> None:
    """Whoever has it is denied every change; the principal's own token goes on changing things."""
    async with service.running(database, tmp_path, MUNIMENT_DENIALS_PER_MINUTE="3") as running:
        items = (await running.admin.get("/settings/tokens")).json["_embedded"]["items"]
        thief = running.client(next(item["value"] for item in items if item["readOnly"]))
        statuses = [(await thief.post("/admin/teams", {"name": "A"})).status for _ in range(5)]
        assert [403, 403, 403, 429, 429] == statuses
        assert 201 == (await running.admin.post("/admin/teams", {"name": "A"})).status


async def test_questions_that_are_answered_no_never_count(
    database: postgres.Database, tmp_path: Path
) -> None:
    """A denial is an answer: who evaluates for others asks as often as they like."""
    question = {
        "subject": {"type": "user", "id": "nobody"},
        "action": {"name": "contract_data:manage"},
        "resource": {"type": "application", "id": "Foo"},
    }
    async with service.running(database, tmp_path, MUNIMENT_DENIALS_PER_MINUTE="2") as running:
        for _ in range(5):
            answer = await running.admin.post("/access/v1/evaluation", question)
            assert (200, False) == (answer.status, answer.json["decision"])
        assert 201 == (await running.admin.post("/admin/teams", {"name": "A"})).status


async def test_guesses_from_one_address_are_limited_and_tokens_that_work_pass(
    database: postgres.Database, tmp_path: Path
) -> None:
    """A flood of unknown tokens or codes is 429 without a look at the database, and locks nobody out."""
    async with service.running(
        database, tmp_path, MUNIMENT_DENIALS_PER_MINUTE="3", TRUSTED_PROXIES="127.0.0.1"
    ) as running:
        invited = await running.admin.post(
            "/admin/users/invite-user", {"name": "Sally", "email": "sally@example.org", "active": True}
        )
        here = {"X-Forwarded-For": "203.0.113.9"}
        statuses = [
            (await running.client(f"mun_{number}").get("/user", headers=here)).status for number in range(5)
        ]
        assert [401, 401, 401, 429, 429] == statuses
        guess = await running.nobody.post("/invitations/redeem", {"code": "AAAAA-BBBBB"}, headers=here)
        require_refusal(guess, 429)
        assert 200 == (await running.admin.get("/user", headers=here)).status
        code = invited.json["invitation"]["code"]
        redeemed = await running.nobody.post("/invitations/redeem", {"code": code}, headers=here)
        assert 200 == redeemed.status
        elsewhere = {"X-Forwarded-For": "203.0.113.10"}
        for status in (401, 401, 401, 429):
            again = await running.nobody.post("/invitations/redeem", {"code": code}, headers=elsewhere)
            assert status == again.status


async def test_a_request_without_a_token_is_no_guess(database: postgres.Database, tmp_path: Path) -> None:
    """A browser or a probe that knows no better is told 401 each time."""
    async with service.running(database, tmp_path, MUNIMENT_DENIALS_PER_MINUTE="1") as running:
        assert [401] * 4 == [(await running.nobody.get("/user")).status for _ in range(4)]
