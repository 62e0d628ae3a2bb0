"""The settings of signing in: sections 3.11 and 4.5 of the vendor's rules."""

import pytest

from service import errors
from service.commands.authentication import DOMAINS, LISTED_MAX, ORGANIZATIONS, ChangeAuthentication
from service.events.authentication import AuthenticationChanged
from tests.given import Account


def change(
    domains: tuple[str, ...] | None = None, organizations: tuple[str, ...] | None = None
) -> ChangeAuthentication:
    return ChangeAuthentication(google_email_domains=domains, github_organizations=organizations)


def test_the_whole_document_is_replaced_with_before_and_after(account: Account) -> None:
    """Section 3.11: always the whole document; null clears; what holds already is no fact; the spelling stays."""
    first = account.do(change(("Example.org", "example.com"), ("pactflow",)))
    assert [
        AuthenticationChanged(
            google_email_domains_before=None,
            google_email_domains=("Example.org", "example.com"),
            github_organizations_before=None,
            github_organizations=("pactflow",),
        )
    ] == first
    assert [] == account.do(change(("Example.org", "example.com"), ("pactflow",)))
    position = account.now.position
    account.do(change(None, ()))
    assert (None, ()) == (
        account.now.authentication().google_email_domains,
        account.now.authentication().github_organizations,
    )
    then = account.replica.view(position).authentication()
    assert (("Example.org", "example.com"), ("pactflow",)) == (
        then.google_email_domains,
        then.github_organizations,
    )


@pytest.mark.parametrize(
    ("command", "pointer"),
    [
        (change(("example",)), f"{DOMAINS}/0"),
        (change(("example.org", "-x.org")), f"{DOMAINS}/1"),
        (change(("bücher.example",)), f"{DOMAINS}/0"),
        (change(("a@example.org",)), f"{DOMAINS}/0"),
        (change(("example.org", "EXAMPLE.org")), f"{DOMAINS}/1"),
        (change(tuple(f"d{number}.org" for number in range(LISTED_MAX + 1))), DOMAINS),
        (change(tuple(f"{'a' * 63}.{'b' * 63}.d{number}" for number in range(90))), DOMAINS),
        (change(None, ("smart--bear",)), f"{ORGANIZATIONS}/0"),
        (change(None, ("a" * 40,)), f"{ORGANIZATIONS}/0"),
        (change(None, ("pactflow", "PactFlow")), f"{ORGANIZATIONS}/1"),
    ],
)
def test_what_is_no_domain_or_organisation_is_named(
    account: Account, command: ChangeAuthentication, pointer: str
) -> None:
    """A slip is told with its place; nothing of the document is taken then."""
    with pytest.raises(errors.Invalid) as caught:
        account.do(command)
    assert pointer == caught.value.pointer
    assert account.now.authentication().google_email_domains is None


def test_it_takes_the_permission_for_it(account: Account) -> None:
    """Section 3.11: authentication_settings:manage, which a User has not."""
    sally = account.person("Sally")
    with pytest.raises(errors.Forbidden):
        account.do(change(("example.org",)), sally)
    keeper = account.role("Keeper", "authentication_settings:manage")  # the shorter spelling is the same
    max_ = account.person("Max", roles=[keeper])
    assert 1 == len(account.do(change(("example.org",)), max_))


def test_the_largest_document_fits_a_record(account: Account) -> None:
    """Both lists full, before and after."""
    for last in "xy":
        domains = tuple(f"{'d' * 62}{last}.d{number}" for number in range(LISTED_MAX))
        account.do(change(domains, tuple(f"{'o' * 35}{last}{number:03}" for number in range(LISTED_MAX))))
    assert LISTED_MAX == len(account.now.authentication().google_email_domains or ())
