"""Templates of webhooks: every value stays one value where it stands, whatever it holds."""

import base64
import json
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service import errors
from service.commands import placeholders
from service.commands.webhook_contents import Content
from service.queries import templates
from service.queries.templates import Rendered
from service.vocabulary import Secret

NASTY = st.one_of(
    st.text(st.characters(blacklist_categories=["Cs"]), max_size=12),
    st.sampled_from(
        [
            *(
                "../..",
                "//evil.example",
                "@evil.example/",
                "?a=b&c=d#e",
                "%2e%2e/",
                "\\..\\",
                ":8080",
                "x\r\ny: z",
            )
        ],
    ),
    st.sampled_from(['"', '","admin":true,"', "${user.Other}", "${pactbroker.pactUrl}", "\\", "\x00", "ü/ö"]),
)


def values(**named: str) -> dict[str, Secret]:
    """Values by their names in a template, where a first `_` stands for the point."""
    return {name.replace("_", ".", 1): Secret(value) for name, value in named.items()}


def rendered(
    url: str = "https://ci.example.org/", named: dict[str, Secret] | None = None, **fields: Any
) -> Rendered:
    """A POST with these parts, rendered with these values."""
    content = Content(**{"method": "POST", "url": url, **fields})
    return templates.render(content, named or {})


def body_of(request: Rendered) -> str:
    """The body as text."""
    assert request.body is not None, "there is one"
    return request.body.octets().decode()


def headers_of(request: Rendered) -> dict[str, str]:
    """The headers in the clear."""
    return {name: value.text() for name, value in request.headers}


@given(NASTY, NASTY, NASTY)
def test_no_value_changes_where_a_request_goes(inside: str, beside: str, asked: str) -> None:
    """A value in a URL changes neither its host nor the depth of its path nor its parameters."""
    url = "https://ci.example.org:8443/jobs/${user.A}/run-${user.B}?token=${user.C}&x=1#${user.A}"
    named = values(user_A=inside, user_B=beside, user_C=asked)
    try:
        request = rendered(url, named)
    except errors.Invalid:
        assert inside in (".", ".."), "only a dot segment cannot be sent"
        return
    parts = urlsplit(request.url.text())
    assert ("https", "ci.example.org:8443", "") == (parts.scheme, parts.netloc, parts.fragment)
    assert ["", "jobs", inside, f"run-{beside}"] == [unquote(one) for one in parts.path.split("/")]
    assert [("token", asked), ("x", "1")] == parse_qsl(
        parts.query, keep_blank_values=True, strict_parsing=True
    )
    assert "https://ci.example.org:8443" == request.destination
    assert request.url.text().isascii()


@given(
    st.sampled_from(["${user.A}", ".${user.A}", "${user.A}${user.A}", "%2e${user.A}"]),
    st.sampled_from(["", ".", ".."]),
)
def test_a_dot_segment_is_no_value(segment: str, value: str) -> None:
    """A segment that a value makes `.` or `..` would lead to another path however it is escaped: it is not sent."""
    filled = segment.replace("${user.A}", value)
    if filled.replace("%2e", ".") in (".", ".."):
        with pytest.raises(errors.Invalid):
            rendered(f"https://ci.example.org/a/{segment}/b", values(user_A=value))
    else:
        assert (
            rendered(f"https://ci.example.org/a/{segment}/b", values(user_A=value)).url.text().endswith("/b")
        )


@pytest.mark.parametrize(
    "url",
    [
        *(
            "${user.A}",
            "${user.A}/hook",
            "https://${user.A}/hook",
            "https://ci.${user.A}.org/",
            "http${user.A}://x/",
        ),
        *(
            "https://ci.example.org:${user.A}/",
            "https://${user.A}@ci.example.org/",
            "https://me:pw@ci.example.org/",
        ),
        *(
            "ftp://ci.example.org/",
            "https:///hook",
            "https://ci.example.org:99999/",
            "https://a b/",
            "https://a\\b/",
        ),
        *("https://ci.example.org%2eevil/", "//ci.example.org/", "https://[::1/", "https://\u2028/"),
    ],
)
def test_a_host_is_written_out(url: str) -> None:
    """Where a webhook goes stands in the record, so no value has a say in it; as in the open-source broker."""
    with pytest.raises(errors.Invalid) as refused:
        rendered(url, values(user_A="evil-value.example"))
    assert "/request/url" == refused.value.pointer
    assert "evil-value" not in refused.value.sentence


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("HTTPS://CI.example.org", "https://ci.example.org/"),
        ("http://[::1]:80/a?b", "http://[::1]:80/a?b"),
        ("http://bücher.example:8080/ä b", "http://xn--bcher-kva.example:8080/%C3%A4%20b"),
        ("https://ci.example.org/a%2Fb/100%/?q={x}|y", "https://ci.example.org/a%2Fb/100%25/?q=%7Bx%7D%7Cy"),
        ("https://ci.example.org/%${user.N}", "https://ci.example.org/%252F"),
        (
            "https://ci.example.org/${user.None}?a=${pactbroker.b}",
            "https://ci.example.org/%24%7Buser.None%7D?a=%24%7Bpactbroker.b%7D",
        ),
        ("https://ci.example.org/a/../b", "https://ci.example.org/a/../b"),
        ("https://ci.example.org/${user.a/b?c}", "https://ci.example.org/odd"),
    ],
)
def test_a_url_is_sent_as_it_was_written(url: str, sent: str) -> None:
    """What its author wrote keeps its meaning, and what may not stand in a URL is escaped."""
    named = {"user.N": Secret("2F"), "user.a/b?c": Secret("odd")}
    assert sent == rendered(url, named).url.text()


def shape(value: object) -> object:
    """A JSON value with every string taken out."""
    match value:
        case dict():
            return [shape(member) for member in value.values()]
        case list():
            return [shape(member) for member in value]
        case str():
            return "text"
        case _:
            return value


BODY = {
    "token": "Bearer ${user.A}",
    "${user.B}": ["${pactbroker.consumerName}", 1, None, {"deep": "a${user.A}b${user.B}"}],
    "n": 12345678901234567890,
    "plain": "nothing",
}


@given(NASTY, NASTY, NASTY)
def test_json_keeps_its_structure(first: str, second: str, third: str) -> None:
    """A value inside a JSON body stays inside its string, whether the body was given as JSON or as its text."""
    named = values(user_A=first, user_B=second, pactbroker_consumerName=third)
    for body in (BODY, json.dumps(BODY), json.dumps(BODY, indent=1, ensure_ascii=False)):
        request = rendered(named=named, body=body)
        pairs = json.loads(body_of(request), object_pairs_hook=list)
        assert ["token", second, "n", "plain"] == [name for name, _ in pairs]
        assert [f"Bearer {first}", 12345678901234567890, "nothing"] == [pairs[at][1] for at in (0, 2, 3)]
        assert [third, 1, None, [["deep", f"a{first}b{second}"]]] == [
            [list(one) for one in each] if isinstance(each, list) else each for each in pairs[1][1]
        ]


@given(NASTY)
def test_text_that_calls_itself_json_keeps_its_strings(value: str) -> None:
    """Where a place outside of a string makes a body no JSON until it is filled in, strings stay strings."""
    body = '{"n": ${pactbroker.n}, "s": "${user.A}"}'
    named = values(user_A=value, pactbroker_n="5")
    request = rendered(named=named, body=body, headers=(("content-type", "application/json; charset=utf-8"),))
    assert {"n": 5, "s": value} == json.loads(body_of(request))


@given(NASTY)
def test_other_text_takes_a_value_as_it_is(value: str) -> None:
    """Plain text and XML are sent with the very characters of the value; a form keeps its fields."""
    body = "<a>${user.A}</a>"
    assert f"<a>{value}</a>" == body_of(rendered(named=values(user_A=value), body=body))
    form = (("Content-Type", "application/x-www-form-urlencoded"),)
    sent = rendered(named=values(user_A=value), body="a=${user.A}&b=2", headers=form)
    assert [("a", value), ("b", "2")] == parse_qsl(body_of(sent), keep_blank_values=True)


@given(
    st.lists(
        st.sampled_from(["${user.A}", "${user.B}", "${user.None}", "${", "}", "user.A", "$"]), max_size=6
    )
)
def test_no_value_is_looked_at_again(parts: list[str]) -> None:
    """A value that reads like a place is sent as these characters, also where values and text meet to look like one."""
    named = values(user_A="${user.B}", user_B="${user.A")
    text = "".join(parts)
    expected, rest = "", text
    while (found := placeholders.PATTERN.search(rest)) is not None:
        expected += rest[: found.start()] + {"A": "${user.B}", "B": "${user.A"}.get(found[2], found[0])
        rest = rest[found.end() :]
    assert expected + rest == body_of(rendered(named=named, body=f"_{text}"))[1:]


def test_what_nothing_stands_for_stays_and_is_told() -> None:
    """An unknown name is sent as it is written (open point 12), and its attempt says so."""
    request = rendered(
        body="${user.B} ${user.A} ${pactbroker.x} ${other.y} ${user.}", headers=(("X", "${user.A}"),)
    )
    assert ("pactbroker.x", "user.A", "user.B") == request.unresolved
    assert "${user.B} ${user.A} ${pactbroker.x} ${other.y} ${user.}" == body_of(request)
    assert "${user.A}" == headers_of(request)["X"]


@given(NASTY)
def test_a_header_stays_in_its_line(value: str) -> None:
    """No value breaks a header, a user name or a password: one with a control character is not sent at all."""
    fields: list[dict[str, Any]] = [
        {"headers": (("X-Token", "a ${user.A}"),)},
        {"username": "me", "password": "${user.A}"},
        {"username": "me${user.A}"},
    ]
    breaks = any((ord(one) < 32 and one != "\t") or one == "\x7f" for one in value)
    for given_fields in fields:
        if breaks or (":" in value and "password" not in given_fields and "username" in given_fields):
            with pytest.raises(errors.Invalid):
                rendered(named=values(user_A=value), **given_fields)
        elif "headers" in given_fields:
            assert f"a {value}" == headers_of(rendered(named=values(user_A=value), **given_fields))["X-Token"]
        else:
            rendered(named=values(user_A=value), **given_fields)


def test_who_asks_stands_in_a_header_alone() -> None:
    """User name and password become one Basic header, in place of another; without a user name there is none."""
    request = rendered(
        named=values(user_P="pässword"),
        username="me",
        password="${user.P}",
        headers=(("AUTHORIZATION", "other"),),
    )
    assert {"Authorization": "Basic " + base64.b64encode("me:pässword".encode()).decode()} == headers_of(
        request
    )
    assert {} == headers_of(rendered(password="${user.P}"))


@pytest.mark.parametrize(
    ("fields", "content_type"),
    [
        ({"body": {"a": 1}}, "application/json"),
        ({"body": "a=1"}, "application/x-www-form-urlencoded"),
        ({"body": "a", "headers": (("content-TYPE", "text/plain"),)}, "text/plain"),
        ({}, None),
    ],
)
def test_a_body_says_what_it_is(fields: dict[str, Any], content_type: str | None) -> None:
    """JSON is called JSON; text goes out under the type that the open-source broker gives it, unless its author did."""
    found = {name.lower(): value for name, value in headers_of(rendered(**fields)).items()}
    assert content_type == found.get("content-type")


@pytest.mark.parametrize("name", ["a b", "a:b", "", "ä", "a\r\nb"])
def test_a_header_has_a_name_that_can_be_sent(name: str) -> None:
    """Whatever else stood before the colon would be another header, or none."""
    with pytest.raises(errors.Invalid):
        rendered(headers=((name, "x"),))


def test_a_rendered_request_shows_nothing_of_itself() -> None:
    """Whatever holds a rendered request, a log line or a traceback with its locals, shows no value."""
    request = rendered(
        "https://ci.example.org/${user.A}",
        values(user_A="planted"),
        username="${user.A}",
        body={"x": "${user.A}"},
    )
    assert "planted" not in repr(request)
    assert b"planted" in request.url.octets() + (request.body or Secret("")).octets()


def test_what_is_shown_keeps_the_places_of_secrets() -> None:
    """For reading, variables are put in and secrets are not: they stay the names that they are."""
    body = {"${user.A}": ["${pactbroker.eventName}", 3], "t": "${user.A}"}
    assert {"${user.A}": ["test", 3], "t": "${user.A}"} == templates.shown(
        body, values(pactbroker_eventName="test")
    )
