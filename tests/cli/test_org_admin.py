"""`org-admin`."""

from tests.cli.conftest import Terminal


def test_the_organizations_administrator_is_made_at_the_console(writing: Terminal) -> None:
    """Given, seen, told in the trail with its reason, and taken again; twice is harmless."""
    before = [one["name"] for one in writing("show", "user:sally", "--json").json["roles"]]
    granted = writing("org-admin", "grant", "sally", "--reason", "By the board", "--json")
    assert 0 == granted.code, granted.err
    assert granted.json["changed"]
    roles = [one["name"] for one in writing("show", "user:sally", "--json").json["roles"]]
    assert {*before, "Organization Administrator"} == set(roles)
    assert 0 == writing("can", "sally", "role:manage", "role:User").code
    again = writing("org-admin", "grant", "sally", "--json")
    assert (0, False) == (again.code, again.json["changed"])
    told = writing("audit", "--kind", "principal.roles_changed", "--json").json["events"][-1]
    assert "gave Sally the role Organization Administrator" in told["sentence"]
    assert "By the board" == told["reason"]
    revoked = writing("org-admin", "revoke", "user:sally")
    assert (0, "") == (revoked.code, revoked.out)
    assert "is not Organization Administrator, at position" in revoked.err
    assert before == [one["name"] for one in writing("show", "user:sally", "--json").json["roles"]]
    assert "took the role Organization Administrator from Sally" in writing("audit", "--json").out
    assert (
        "is not Organization Administrator, as before: nothing changed"
        in writing("org-admin", "revoke", "sally").err
    )
    assert 3 == writing("org-admin", "grant", "nobody").code
