"""Paths that somebody might read otherwise than they stand there, and what a program could take them for.

Every one of TRICKS is a disguise of SECRET, which its sender may not have, or something that no two readers agree on.
"""

from typing import Final

SECRET: Final = "/pacts/provider/Qux/consumer/Baz/version/1"
_BEHIND: Final = SECRET.removeprefix("/")
_MINE: Final = "/pacts/provider/Bar/consumer/Foo/version"

_FROM_MINE: Final = f"{_MINE}/1/{{up}}/{{up}}/{{up}}/{{up}}/{{up}}/{{up}}/{{up}}/{_BEHIND}"
_UPS: Final = (
    "..",
    "%2e%2e",
    "%2E%2E",
    ".%2e",
    "%2e.",
    "%252e%252e",
    "..;",
    "..;x=1",
    "%c0%ae%c0%ae",
    "%uff0e%uff0e",
)
_PUBLIC_UPS: Final = (
    *(f"{up}/" for up in _UPS),
    *("..%2f", "..%2F", "%2e%2e%2f", "..%252f", "%252e%252e%252f", "..%255c", "..\\", "..%5c", "%2e%2e%5c"),
    *(
        "x/..//../",
        "./../",
        ".//../",
        "x%00/../../",
        "x%3f/../../",
        "x#/../../",
        "%0a/../../",
        "..%00/",
    ),
)
DISGUISED: Final = (
    *(_FROM_MINE.format(up=up) for up in _UPS),
    *(f"/css/{up}{_BEHIND}" for up in _PUBLIC_UPS),
    *(f"/hal-browser/{up}{_BEHIND}" for up in ("../", "%2e%2e/", "..%2f", "..;/")),
    f"/{SECRET}",
    f"//{SECRET}",
    SECRET.replace("/pacts", "/pacts/", 1),
    SECRET.replace("/Qux", "//Qux"),
    SECRET.replace("/version", "//version"),
    SECRET.replace("/version", "/./version"),
    f"/.{SECRET}",
    f"/%2e{SECRET}",
    f"/%2f{_BEHIND}",
    f"/x/..{SECRET}",
    f"/\\{_BEHIND}",
    f"/%5c{_BEHIND}",
    SECRET.replace("/", "%2f").replace("%2f", "/", 1),
    SECRET.replace("/", "%2F"),
    SECRET.replace("/", "%252f").replace("%252f", "/", 1),
    SECRET.replace("Baz", "%42az"),
    SECRET.replace("Baz", "%2542az"),
    SECRET.replace("Baz", "B%61z"),
    SECRET.replace("Baz", "Baz;x=1"),
    SECRET.replace("Baz", "Foo%2f..%2fBaz"),
    SECRET.replace("Baz", "Foo/../Baz"),
    SECRET.replace("Baz", "Baz%00"),
    SECRET.replace("Baz", "Baz%20"),
    SECRET.replace("Baz", "%20Baz"),
    SECRET.replace("Baz", "Baz%0a"),
    SECRET.replace("Baz", "Baz%e2%80%8b"),
    SECRET.replace("Baz", "Ba%cc%81z"),
    SECRET.replace("pacts", "p%61cts"),
    SECRET.replace("pacts", "PACTS"),
    SECRET.replace("/provider/", "/Provider/"),
    SECRET.replace("consumer", "CONSUMER"),
    f"{SECRET};x=1",
    f"{SECRET}/",
    f"{SECRET}/.",
    f"{SECRET}/x/..",
    f"{SECRET}%2f",
    f"{SECRET}%00",
    f"{SECRET}%",
    f"{SECRET}%zz",
    f"{SECRET}%ff",
    f"{SECRET}\x01",
    f"contracts.example.org{SECRET}",
    "*",
    "",
    "/" + "a/" * 3000,
)
"""What no proxy and nobody behind it may take for anything that is allowed; no denied change is recorded of them."""
RECODED: Final = (f"{SECRET}#x", f"{SECRET}\xff")
"""What Caddy escapes before it asks and hands on, so that it is denied like itself; nginx asks about it as it is."""
OTHERS: Final = {
    SECRET.replace("Baz", "baz"): "contract_data:manage on baz",
    SECRET.replace("Baz", "BAZ"): "contract_data:manage on BAZ",
    SECRET.replace("Baz", "Baz%3bx=1"): "contract_data:manage on Baz;x=1",
    SECRET.replace("Baz", "Baz%3Fx"): "contract_data:manage on Baz?x",
    SECRET.replace("Baz", "B%23az"): "contract_data:manage on B#az",
}
"""Applications of another name, as the program sees it too; who may only change their team's may not make one."""
PLAIN: Final = (
    SECRET,
    f"{SECRET}?x=1",
    f"{SECRET}?/../../css/x",
    f"{SECRET}.json",
    f"http://contracts.example.org{SECRET}",
    f"http://elsewhere.example.org/{SECRET.removeprefix('/')}",
)
"""The same said openly, or in another of HTTP's forms: denied with the permission that is missing."""
HARMLESS: Final = (
    f"{_MINE}/1",
    f"{_MINE}/1?x=1",
    f"{_MINE}/1?x=/../..//%2e%2e/%2f;&y=%00",
    f"{_MINE}/1.0.0%2Bgithub.7",
    f"{_MINE}/a%20b",
    f"{_MINE}/%C3%A9t%C3%A9",
    f"{_MINE}/feature%2Fx",
    f"{_MINE}/1.json",
    f"{_MINE}/~1",
    f"{_MINE}/1:2,3=4@5!$&'()*",
)
"""What a client of the program may well send, and must have, octet by octet."""
