"""Which contracts a provider is to verify, as consumer version selectors select them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from projections.contracts import Contract
from service.queries import verifiable
from service.queries.verifiable import Consumer, Selected, Selector, Where
from service.vocabulary import ApplicationId, ContractId, VaultRef

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
FOO, QUX, BAR = ApplicationId("foo"), ApplicationId("qux"), ApplicationId("bar")


def contract(consumer: ApplicationId, version: str, digest: str) -> Contract:
    """A contract with Bar; later versions are newer."""
    at = AT + timedelta(minutes=int(version))
    return Contract(
        id=ContractId(f"{consumer}{version}"),
        consumer=consumer,
        provider=BAR,
        version=version,
        branch=None,
        digest=digest,
        body=VaultRef("ref"),
        bytes=2,
        publisher=None,
        created_at=at,
        updated_at=at,
    )


CONSUMERS = (
    Consumer(
        id=FOO,
        name="Foo",
        main_branch="main",
        contracts=[contract(FOO, "3", "c"), contract(FOO, "2", "b"), contract(FOO, "1", "a")],
    ),
    Consumer(
        id=QUX, name="Qux", main_branch="", contracts=[contract(QUX, "2", "y"), contract(QUX, "1", "y")]
    ),
)
WHERE = Where(
    tagged={"prod": frozenset({(FOO, "1"), (FOO, "2"), (QUX, "1")}), "dev": frozenset({(QUX, "2")})},
    on_branch={"main": frozenset({(FOO, "1"), (FOO, "2")}), "feat": frozenset({(FOO, "3")})},
    deployed={"live": frozenset({(FOO, "1")}), "test": frozenset({(FOO, "2"), (QUX, "1")})},
    released={"live": frozenset({(FOO, "2")})},
)


def of_all(consumers: Sequence[Consumer], selectors: Sequence[Selector], where: Where) -> list[Selected]:
    """What is selected of each consumer in turn."""
    return [one for consumer in consumers for one in verifiable.selected(consumer, selectors, where)]


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        (Selector(latest=True), ["Foo 3 latest", "Qux 2 latest"]),
        (Selector(latest=True, consumer="Foo"), ["Foo 3 latest"]),
        (Selector(tag="prod", latest=True), ["Foo 2 latest with tag prod", "Qux 1 latest with tag prod"]),
        (Selector(tag="prod"), ["Foo 2 one of prod", "Foo 1 one of prod", "Qux 1 one of prod"]),
        (
            Selector(tag="dev", fallback_tag="prod", latest=True),
            ["Foo 2 latest with tag prod", "Qux 2 latest with tag dev"],
        ),
        (Selector(tag="none", latest=True), []),
        (Selector(branch="main"), ["Foo 2 latest from branch main"]),
        (Selector(branch="none", fallback_branch="feat"), ["Foo 3 latest from branch feat"]),
        (Selector(main_branch=True), ["Foo 2 latest from main branch"]),
        (
            Selector(deployed=True),
            ["Foo 1 deployed to live", "Foo 2 deployed to test", "Qux 1 deployed to test"],
        ),
        (Selector(released=True), ["Foo 2 released in live"]),
        (Selector(environment="live"), ["Foo 1 deployed to live", "Foo 2 released in live"]),
        (Selector(deployed=True, environment="live"), ["Foo 1 deployed to live"]),
    ],
)
def test_a_selector_selects(selector: Selector, expected: list[str]) -> None:
    """Consumer by consumer, the newest first, with why; a fallback counts for who lacks what was asked for."""
    found = of_all(CONSUMERS, [selector], WHERE)
    assert expected == [
        f"{one.consumer.name} {one.contract.version} {reason.short}"
        for one in found
        for reason in one.reasons
    ]


def test_a_content_is_verified_once_and_says_every_reason() -> None:
    """Two versions with one content are one to verify, by the newest of the two."""
    found = of_all(CONSUMERS, [Selector(tag="prod", latest=True), Selector(latest=True)], WHERE)
    of_qux = [one for one in found if one.consumer.id == QUX]
    assert [("2", ("latest with tag prod", "latest"))] == [
        (one.contract.version, tuple(reason.short for reason in one.reasons)) for one in of_qux
    ]
    assert [
        "latest version tagged 'prod' (1)",
        "latest version of a consumer that has a contract with it (2)",
    ] == [reason.long for reason in of_qux[0].reasons]


def test_without_selectors_main_branches_and_what_runs_are_verified() -> None:
    """The usual ones: a main branch, failing that the newest contract; and whatever is deployed or released."""
    found = of_all(CONSUMERS, [], WHERE)
    assert {
        ("Foo", "2"): ("latest from main branch", "deployed to test", "released in live"),
        ("Foo", "1"): ("deployed to live",),
        ("Qux", "2"): ("latest", "deployed to test"),
    } == {
        (one.consumer.name, one.contract.version): tuple(reason.short for reason in one.reasons)
        for one in found
    }


def test_a_main_branch_that_is_only_a_tag_counts_as_one() -> None:
    """Consumers that tag their versions with the branch's name are selected as those that name the branch."""
    tagged = Where(tagged={"main": frozenset({(FOO, "1")})})
    found = of_all(CONSUMERS[:1], [], tagged)
    assert [("1", "latest with tag main")] == [(one.contract.version, one.reasons[0].short) for one in found]


def test_only_what_is_asked_for_is_read() -> None:
    """The tags and branches that it takes to answer, and no others."""
    selectors = [Selector(tag="a", fallback_tag="b", latest=True), Selector(branch="c", fallback_branch="d")]
    assert {"a", "b"} == verifiable.tags(selectors, ())
    assert {"c", "d", "main"} == verifiable.branches(selectors, CONSUMERS)
