"""The story that `muniment serve --demo` plays, as data: who asks for what over HTTP, and what comes of it.

Its people and teams are those of the vendor's articles on teams and on custom roles (seeds 002 and 000). Every step is
taken by the person who takes it in the story, with a token of their own, the denied ones too.
`demo_play.play` plays it.
"""

from typing import Any, Final

import msgspec

from service.catalogue import own_reading
from service.catalogue.compiled import DEFAULT_TEAM
from service.demo_play import Chapter, Step

ADMINISTRATOR: Final = "kevin"
"""Who in the story is the first Administrator, whose token is there before it begins."""
KEVIN_EMAIL: Final = "kevin@example.org"
"""The e-mail address of the first Administrator of the demo's account."""
FORBIDDEN: Final = (
    "Forbidden. Either you are using a read only token for a request that requires a write token (the most likely "
    "cause), or you do not have the required permissions."
)
"""The sentence of seed 002, to which what is missing is added."""
BILLYS_ALIAS: Final = "CiRmZDI4NjE0ZDMtYzM5YS00Nzgx"
"""What the to-do application's identity provider calls Billy."""
_TEST_MAINTAINER: Final = "0b9c5d1a-3e68-4f7c-9a25-6d8e4b2f1c70"


def _invited(person: str, role: str) -> tuple[Step, ...]:
    """A person's way in: invited by Kevin, in by the one-time code, and given exactly one role."""
    name = person.capitalize()
    return (
        Step(
            who="kevin", method="POST", path="/admin/users/invite-user", status=200,
            body={"name": name, "email": f"{person}@example.org", "active": True},
            keep={person: "uuid", f"{person}'s code": "invitation/code"},
        ),
        Step(
            who="", method="POST", path="/invitations/redeem", status=200, body={"code": f"{{{person}'s code}}"},
            keep={f"{person}'s token": "_embedded/items/readOnly=false/value"},
        ),
        Step(
            who="kevin", method="PUT", path=f"/admin/users/{{{person}}}/roles", status=204, body={"roles": [role]}
        ),
    )  # fmt: skip


def _team(name: str, applications: list[str], members: list[str]) -> tuple[Step, ...]:
    return (
        Step(
            who="kevin", method="POST", path="/admin/teams", status=201, keep={name: "uuid"},
            body={"name": name, "pacticipantNames": applications},
        ),
        Step(
            who="kevin", method="PUT", path=f"/admin/teams/{{{name}}}/users", status=200,
            body={"users": [f"{{{member}}}" for member in members]},
        ),
    )  # fmt: skip


def _role(keep: str, name: str, *scopes: str) -> Step:
    body = {"name": name, "permissions": [{"scope": scope} for scope in scopes]}
    return Step(who="kevin", method="POST", path="/admin/roles", status=201, keep={keep: "uuid"}, body=body)


def _application(name: str) -> Step:
    return Step(who="kevin", method="POST", path="/pacticipants", status=201, body={"name": name})


def _secret(name: str, team: str) -> Step:
    body = {
        "name": name,
        "description": "For builds",
        "value": f"the-first-{name}",
        "teamUuid": f"{{{team}}}",
    }
    return Step(who="kevin", method="POST", path="/secrets", status=201, body=body, keep={name: "uuid"})


def _webhook(team: str, status: int) -> Step:
    request = {
        "method": "POST", "url": "https://ci.example.org/jobs/payments",
        "headers": {"Authorization": "Bearer ${user.ci-token}"}, "body": {"why": "${pactbroker.eventName}"},
    }  # fmt: skip
    body = {
        "description": "Build Payments", "teamUuid": f"{{{team}}}", "consumer": {"name": "Payments"},
        "events": [{"name": "contract_content_changed"}], "request": request,
    }  # fmt: skip
    says = "ci-token" if status >= 400 else ""
    return Step(who="kevin", method="POST", path="/webhooks", status=status, body=body, says=says)


def _publication(who: str, consumer: str, provider: str, version: str, **outcome: Any) -> Step:
    interaction = {
        "description": f"a request of {consumer}",
        "request": {"method": "GET", "path": f"/{provider.lower()}"},
        "response": {"status": 200},
    }
    return Step(
        who=who, method="PUT", path=f"/pacts/provider/{provider}/consumer/{consumer}/version/{version}",
        body={"consumer": {"name": consumer}, "provider": {"name": provider}, "interactions": [interaction]},
        **{"status": 201, **outcome},
    )  # fmt: skip


def _question(
    subject: str, action: str, thing: tuple[str, str], decision: bool, team: str = "", as_of: str = ""
) -> Step:
    """A question of Kevin's; `team` is the resource's property, `as_of` the mark of an earlier moment."""
    resource: dict[str, Any] = {"type": thing[0], "id": thing[1]}
    if team:
        resource["properties"] = {"team": team}
    body: dict[str, Any] = {
        "subject": {"type": "user", "id": f"{{{subject}}}"}, "action": {"name": action}, "resource": resource
    }  # fmt: skip
    if as_of:
        body["context"] = {"as_of": f"{{@{as_of}}}"}
    return Step(
        who="kevin",
        method="POST",
        path="/access/v1/evaluation",
        body=body,
        status=200,
        holds={"decision": decision},
    )


_FOO_BAR: Final = ("integration", "Foo/Bar")

_TEAMS: Final = Chapter(
    title="Kevin, the Administrator, makes team A (Foo and Bar, with Sally) and team B (Bar and Baz, with Billy).",
    steps=(
        Step(who="kevin", method="GET", path="/user", status=200, keep={"kevin": "uuid"}),
        Step(
            who="kevin", method="PUT", path="/admin/users/{kevin}", status=200,
            body={"name": "Kevin", "email": KEVIN_EMAIL, "active": True},
        ),
        *map(_application, ("Foo", "Bar", "Baz")),
        *_invited("sally", _TEST_MAINTAINER),
        *_invited("billy", _TEST_MAINTAINER),
        *_team("A", ["Foo", "Bar"], ["sally"]),
        *_team("B", ["Bar", "Baz"], ["billy"]),
        # Everybody and everything joins this team on arrival: with it, Sally could manage Baz as well.
        Step(
            who="kevin", method="DELETE", path=f"/admin/teams/{DEFAULT_TEAM}", status=204,
            reason="Access goes by team from here on", mark="teams set up",
        ),
    ),
)  # fmt: skip

_DENIED: Final = Chapter(
    title="Sally and Billy publish for their teams' applications. Sally's contract for Baz, team B's, is refused.",
    steps=(
        _publication("sally", "Foo", "Bar", "1.0.0"),
        _publication("sally", "Foo", "Demo", "1.0.0"),
        _publication("billy", "Bar", "Baz", "1.0.0"),
        *(
            _question(who, "contract_data:manage", ("application", application), who == "kevin" or application in own)
            for who, own in (("sally", ("Foo", "Bar")), ("billy", ("Bar", "Baz")), ("kevin", ()))
            for application in ("Foo", "Bar", "Baz")
        ),
        _publication(
            "sally", "Baz", "Bar", "1.0.0", status=403, mark="publication denied",
            says=f"{FORBIDDEN} Missing: contract_data:manage on Baz.",
        ),
    ),
)  # fmt: skip

_DELETED: Final = Chapter(
    title="Matt, who may bulk delete everything, deletes the integration Foo/Bar where he meant Foo/Demo.",
    steps=(
        _role("cleaner", "Demo cleaner", "contract_data:bulk_delete:*", "contract_data:read:*"),
        *_invited("matt", "{cleaner}"),
        _publication("sally", "Foo", "Bar", "1.1.0", mark="before the deletion"),
        Step(
            who="matt", method="DELETE", path="/integrations/provider/Bar/consumer/Foo", status=204,
            reason="Removing the test integration before the demo", mark="integration deleted",
        ),
        Step(
            who="kevin", method="GET", path="/audit?kind=integration.deleted&sort=-timestamp", status=200,
            says="matt@example.org",
        ),
        _question("matt", "contract_data:bulk_delete", _FOO_BAR, True, as_of="before the deletion"),
        _question("sally", "contract_data:bulk_delete", _FOO_BAR, False, as_of="before the deletion"),
    ),
)  # fmt: skip

_REPAIRED: Final = Chapter(
    title="Sally publishes it again. Kevin takes the permission out of Matt's role; his next attempt is refused.",
    steps=(
        _publication("sally", "Foo", "Bar", "1.1.0"),
        Step(
            who="kevin", method="PUT", path="/admin/roles/{cleaner}", status=200,
            body={"name": "Demo cleaner", "permissions": [{"scope": "contract_data:read:*"}]},
            reason="One wrong integration is enough", mark="permission removed",
        ),
        Step(
            who="matt", method="DELETE", path="/integrations/provider/Bar/consumer/Foo", status=403,
            says=f"{FORBIDDEN} Missing: contract_data:bulk_delete on Foo/Bar.", mark="second deletion denied",
        ),
    ),
)  # fmt: skip

_ROTATOR: Final = Chapter(
    title="A system account rotates one team's secrets, and can do nothing else.",
    steps=(
        _role("rotator", "Secret Rotator", "secret:manage:team"),
        Step(
            who="kevin", method="POST", path="/admin/system-accounts", status=201, keep={"updater": "uuid"},
            body={"name": "SecretsUpdater"},
        ),
        Step(
            who="kevin", method="PUT", path="/admin/users/{updater}/roles", status=204,
            body={"roles": ["{rotator}"]}, reason="Least privilege: this role and no other",
        ),
        _application("Payments"),
        *_team("SomeSpecialTeam", ["Payments"], ["updater"]),
        Step(
            who="kevin", method="GET", path="/admin/system-accounts/{updater}/tokens", status=200,
            keep={"updater's token": "_embedded/items/readOnly=false/value"},
        ),
        _secret("ci-token", "SomeSpecialTeam"),
        _secret("deploy-key", "A"),
        Step(
            who="updater", method="PUT", path="/secrets/{ci-token}", status=200,
            body={"name": "ci-token", "value": "the-second-of-its-values"},
            reason="Rotated every night", mark="secret rotated",
        ),
        Step(
            who="updater", method="PUT", path="/secrets/{deploy-key}", status=403, mark="rotation denied",
            body={"name": "deploy-key", "value": "not-the-updaters-to-change"},
            says=f"{FORBIDDEN} Missing: secret:manage on ",
        ),
        _webhook("SomeSpecialTeam", 201),
        # A name that exists in another team alone is refused: what it stands for would never be this team's to use.
        _webhook("A", 400),
        _question("updater", "secret:manage", ("secret", "{ci-token}"), True),
        _question("updater", "secret:manage", ("secret", "{deploy-key}"), False),
        _question("updater", "webhook:manage", ("webhook", "build"), False, team="{SomeSpecialTeam}"),
        _question("updater", "contract_data:manage", ("application", "Payments"), False),
        _question("updater", "team:manage", ("team", "SomeSpecialTeam"), False),
        _question("updater", "role:manage", ("role", "Secret Rotator"), False),
    ),
)  # fmt: skip


def _todo(action: str, owner: str, decision: bool) -> Step:
    """A question of the to-do application's: it calls Billy what its identity provider calls him."""
    body = {
        "subject": {"type": "user", "id": BILLYS_ALIAS},
        "action": {"name": action},
        "resource": {"type": "todo", "id": "7", "properties": {"ownerID": f"{owner}@example.org"}},
    }
    return Step(
        who="kevin",
        method="POST",
        path="/access/v1/evaluation",
        body=body,
        status=200,
        holds={"decision": decision},
    )


_TODOS: Final = Chapter(
    title="A to-do application asks too: Kevin adopts its permissions, and Billy may change his own.",
    steps=(
        Step(
            who="kevin", method="PUT", path="/admin/catalogues/todo", status=201,
            body=msgspec.to_builtins(own_reading.from_toml(own_reading.example("todo").encode())),
            reason="The to-do application asks here from now on", mark="catalogue adopted",
        ),
        _role("editor", "To-do editor", "todo:read:*", "todo:create:*", "todo:update:own", "todo:delete:own"),
        Step(
            who="kevin", method="PUT", path="/admin/users/{billy}/roles", status=204,
            body={"roles": [_TEST_MAINTAINER, "{editor}"]},
        ),
        Step(
            who="kevin", method="PUT", path="/admin/users/{billy}/aliases", status=200,
            body={"aliases": [BILLYS_ALIAS]},
        ),
        _todo("can_update_todo", "billy", True),
        _todo("can_update_todo", "sally", False),
        _todo("can_read_todos", "sally", True),
    ),
)  # fmt: skip

STORY: Final = (_TEAMS, _DENIED, _DELETED, _REPAIRED, _ROTATOR, _TODOS)
"""The whole story, in its order."""
