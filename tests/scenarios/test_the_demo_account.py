"""Seed 002's demo account: 518 applications, 247 integrations, and a team that has to do with five of them."""

import asyncio
from typing import Any

from tests.service import Answer, Client, Running

APPLICATIONS, INTEGRATIONS = 518, 247
TEAM = ("application-000", "application-001", "application-004", "application-252", "application-253")
"""Three consumers and two providers, of five integrations."""


def application(number: int) -> str:
    return f"application-{number:03}"


async def filled(admin: Client) -> None:
    """Every integration has a consumer and a provider of its own; the rest of the applications have none."""

    async def publish(number: int) -> Answer:
        pair = f"provider/{application(number + 250)}/consumer/{application(number)}"
        return await admin.put(f"/pacts/{pair}/version/1.0.0", {"interactions": []})

    async def create(number: int) -> Answer:
        return await admin.post("/pacticipants", {"name": application(number)})

    taking_part = {*range(INTEGRATIONS), *range(250, 250 + INTEGRATIONS)}
    alone = [number for number in range(APPLICATIONS) if number not in taking_part]
    orders = [publish(number) for number in range(INTEGRATIONS)] + [create(number) for number in alone]
    made = await asyncio.gather(*orders)
    assert [] == [one.text for one in made if one.status != 201]


def consumers(document: Any) -> list[str]:
    return [one["consumer"]["name"] for one in document["_embedded"]["integrations"]]


async def test_of_247_integrations_somebody_s_team_sees_five(running: Running) -> None:
    """Seed 002: the drop-down «Pactflow Demos» filters the dashboard to five pacts; nothing is lost by it."""
    await filled(running.admin)
    team = await running.team("Pactflow Demos", pacticipantNames=list(TEAM))
    matt = await running.person("Matt", teams=[team])

    applications = (await matt.get("/pacticipants")).json["_embedded"]["pacticipants"]
    everything = (await matt.get("/integrations?view=default")).json
    assert (APPLICATIONS, INTEGRATIONS) == (len(applications), len(consumers(everything)))

    chosen = await matt.put("/preferences/current-user/defaultTeamView", {"value": team})
    assert 200 == chosen.status
    dashboard = (await matt.get("/integrations?view=default")).json
    assert [application(number) for number in range(5)] == consumers(dashboard)
    assert "Pactflow Demos" == dashboard["team"]["name"]

    (membership,) = (await matt.get("/user")).json["_embedded"]["teams"]
    by_link = (await matt.get(membership["_links"]["pf:integrations"]["href"])).json
    assert consumers(dashboard) == consumers(by_link)
    page = (await matt.get("/integrations?view=default&size=2&page=3")).json
    assert ([application(4)], 5) == (consumers(page), page["page"]["totalElements"])

    assert INTEGRATIONS == len(consumers((await matt.get("/integrations")).json))
    counted = (await matt.get("/integrations?size=1")).json["page"]["totalElements"]
    assert INTEGRATIONS == counted
