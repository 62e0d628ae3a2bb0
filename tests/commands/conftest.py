"""What tests of commands are given: an account that was just opened."""

import pytest

from tests.given import Account


@pytest.fixture
def account() -> Account:
    """Kevin administers it; the Default team is there and has him in it."""
    return Account()
