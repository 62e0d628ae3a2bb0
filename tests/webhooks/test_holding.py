"""Whether webhooks are sent from here: a restored copy calls nobody unless somebody says so."""

import pytest

from service import holding
from service.events.account import LogOpened
from service.settings import from_environment

ACCOUNT = "0b0e9a3c-6f1f-4b57-9f6b-3a3f2b1c0d5e"


def held(opened: str, served: str, chosen: str = "") -> bool:
    settings = from_environment(
        {"BASE_URL": served, "MUNIMENT_WEBHOOKS": chosen, "HOME": "/nowhere"}, root=False
    ).settings
    event = LogOpened(account=ACCOUNT, epoch="e", origin=f"{opened}/log/{ACCOUNT}", verifier="v")
    return holding.why_held(settings, event) != ""


def test_a_log_sends_where_it_was_opened() -> None:
    """Under its own address nothing needs to be set, with http or https."""
    assert not held("contracts.example.org", "https://contracts.example.org")
    assert not held("contracts.example.org/pacts", "http://contracts.example.org/pacts/")


@pytest.mark.parametrize(
    "elsewhere",
    [
        *("https://staging.example.org", "http://localhost:9292", "https://contracts.example.org:8443"),
        *(
            "https://contracts.example.org/copy",
            "http://127.0.0.1:9292",
            "https://contracts.example.org.evil.test",
        ),
    ],
)
def test_a_copy_that_is_served_elsewhere_sends_nothing(elsewhere: str) -> None:
    """Its receivers are the original's; whoever moved the log for good says so once."""
    assert held("contracts.example.org", elsewhere)
    assert not held("contracts.example.org", elsewhere, "send")


def test_a_log_of_this_machine_may_change_its_port() -> None:
    """Whoever tries the service at home need not know of any of this."""
    assert not held("localhost:9292", "http://127.0.0.1:8080")
    assert not held("127.0.0.1:9292", "http://[::1]:9293")
    assert held("localhost:9292", "https://contracts.example.org")
    assert held("127.0.0.1.example.org:80", "http://localhost:9292")


def test_hold_holds_everywhere() -> None:
    """Also under the log's own address."""
    assert held("contracts.example.org", "https://contracts.example.org", "hold")
