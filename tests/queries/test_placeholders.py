"""Placeholders in a webhook's request: what is one, where they are found, and what is put in their place."""

from hypothesis import given
from hypothesis import strategies as st

from service.commands import placeholders, webhook_contents
from service.commands.placeholders import Placeholder
from service.commands.webhook_contents import Content

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_placeholders_are_found_once_each_and_nothing_else_is() -> None:
    """Only `${user.…}` and `${pactbroker.…}` are placeholders; names are compared in NFC, as secrets' names are."""
    text = "${user.A}${user.A} ${pactbroker.pactUrl} ${env.HOME} ${user.} $user.B {user.C} ${user.cafe\u0301}"
    assert placeholders.names(text) == (
        Placeholder("user", "A"),
        Placeholder("pactbroker", "pactUrl"),
        Placeholder("user", "caf\u00e9"),
    )
    assert placeholders.names("nothing") == ()


def test_every_part_of_a_request_may_hold_placeholders() -> None:
    """Section 3.7: URL, headers, body, user name and password; within JSON any text, a member's name included."""
    content = Content(
        method="POST",
        url="https://example.org/${user.Url}",
        headers=(("X-Key", "${user.Header}"),),
        username="${user.Name}",
        password="${user.Password}",
        body={"a": ["${user.Listed}", 1, None, True], "${user.Member}": {"b": "${pactbroker.eventName}"}},
    )
    assert webhook_contents.references(content) == (
        "Header",
        "Listed",
        "Member",
        "Name",
        "Password",
        "Url",
    )
    assert ("/body/a/0", "${user.Listed}") in list(webhook_contents.texts(content))
    assert Placeholder("pactbroker", "eventName") in webhook_contents.placeholders_of(content)


def test_what_has_no_value_stays_as_it_stands() -> None:
    """A name that nothing is known of is left in place, so that it can be seen what was meant."""
    values = {"user.A": "1", "pactbroker.B": "${user.A}"}
    found = placeholders.replaced("${user.A}-${pactbroker.B}-${user.C}", lambda one: values.get(one.key))
    assert found == "1-${user.A}-${user.C}"


@given(body=_JSON, headers=st.lists(st.tuples(st.text(), st.text()), max_size=3))
def test_a_request_comes_out_of_the_vault_as_it_went_in(body: object, headers: list[tuple[str, str]]) -> None:
    """A webhook's body is shown as it was given (section 3.7): no number, order or text changes on the way."""
    content = Content(method="POST", url="https://example.org", headers=tuple(headers), body=body)
    assert webhook_contents.decoded(webhook_contents.encoded(content).encode()) == content


def test_hidden_values_take_the_place_of_their_asterisks() -> None:
    """What is sent differs from what is shown in the sealed values alone."""
    stars = webhook_contents.STARS
    shown = Content(
        method="POST", url="https://x", headers=(("Authorization", stars), ("X", stars)), password=stars
    )
    sent = webhook_contents.with_sealed(shown, {"password": "pw", "header:Authorization": "Bearer t"})
    assert (("Authorization", "Bearer t"), ("X", stars)) == sent.headers
    assert "pw" == sent.password
