"""`forget`."""

from tests.cli.conftest import Terminal


def test_a_forgotten_person_is_named_nowhere(writing: Terminal) -> None:
    """Neither now nor as of a moment before; the trail keeps what was done, by id, and says who said so and why."""
    before = writing("verify", "--json").json["positions"]
    sally = writing("show", "user:sally", "--json").json["id"]
    assert "Sally published the contract" in writing("audit", "--json").out
    printed = writing("forget", "sally", "--yes", "--reason", "Asked for by letter", "--json")
    assert 0 == printed.code
    assert sally == printed.json["principal"]
    told = writing("audit", "--json", "--limit", "500")
    assert "(forgotten) published the contract" in told.out
    assert "Sally" not in told.out
    assert "sally@" not in told.out
    assert (
        3 == writing("can", "sally", "contract_data:manage", "application:Baz", "--as-of", str(before)).code
    )
    assert 0 == writing("can", sally, "contract_data:read", "application:Baz", "--as-of", str(before)).code
    record = writing("audit", "--kind", "person.forgotten", "--json").json["events"][0]
    assert "Asked for by letter" == record["reason"]
    assert 0 == writing("verify").code
    assert 0 == writing("rebuild", "--check").code


def test_a_deleted_person_is_named_by_id(writing: Terminal) -> None:
    """Asked again it is harmless; somebody who never was is not found."""
    billy = writing("show", "user:billy", "--json").json["id"]
    assert 0 == writing("forget", billy, "--yes").code
    again = writing("forget", f"user:{billy}", "--yes")
    assert 0 == again.code
    assert 3 == writing("forget", "nobody", "--yes").code
