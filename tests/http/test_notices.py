"""What a verifier prints before and after it tried a contract."""

from service.http import notices
from service.http.notices import Status
from service.queries.verifiable import Reason

PLACE = "https://contracts.example.org/pacts/provider/Bar/consumer/Foo/pact-version/ab"
REASONS = (Reason("latest", "latest version (2)"), Reason("deployed to live", "version deployed to live (2)"))


def texts(status: Status | None) -> dict[str, list[str]]:
    """The texts by when they are printed."""
    found: dict[str, list[str]] = {}
    for one in notices.drawn(PLACE, REASONS, status):
        found.setdefault(one["when"], []).append(one["text"])
    return found


def status(*pending: str, branch: str = "", tags: tuple[str, ...] = ()) -> Status:
    return Status(provider="Bar", branch=branch, tags=tags, pending=pending)


def test_every_reason_is_printed_first() -> None:
    """Whoever reads the build's output sees why this contract is verified; nothing else where nobody asked."""
    [(when, [text])] = texts(None).items()
    assert "before_verification" == when
    assert [PLACE, "latest version (2)", "version deployed to live (2)"] == [
        part for part in (PLACE, "latest version (2)", "version deployed to live (2)") if part in text
    ]


def test_what_passed_before_fails_the_build() -> None:
    """No word afterwards: it is an ordinary verification."""
    [(_, [_, text])] = texts(status(branch="main")).items()
    assert (
        "Bar from branch 'main' passed this pact before. If the verification fails, the build does." == text
    )


def test_what_is_pending_says_so_and_what_becomes_of_it() -> None:
    """One text for each of the four ways in which it can end, under the names that verifiers look for."""
    found = texts(status("dev", tags=("dev", "prod")))
    assert {
        "before_verification",
        "after_verification:success_true_published_true",
        "after_verification:success_true_published_false",
        "after_verification:success_false_published_true",
        "after_verification:success_false_published_false",
    } == set(found)
    assert "Bar tagged 'dev' never passed it" in found["before_verification"][1]
    assert "pending no longer" in found["after_verification:success_true_published_true"][0]
    assert "stays pending" in found["after_verification:success_false_published_true"][0]
