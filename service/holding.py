"""Whether webhooks are sent from here at all. Pure.

A copy of production that somebody restored to look at it owes what production owed, and its webhooks call production's
receivers. It is told by where it is served: a log knows the address under which it was opened.
"""

from ipaddress import ip_address
from urllib.parse import urlsplit

from service.events.account import LogOpened
from service.settings import Settings


def why_held(settings: Settings, opened: LogOpened) -> str:
    """Why what is owed stays owed, in one sentence; empty where it is sent.

    `auto` sends where the log is served under the address that it was opened under. On this machine alone, under any
    of its names and any port, nobody takes one for the other.
    """
    before, now = opened.origin.rpartition("/log/")[0], log_origin(settings.base_url)
    if settings.webhooks == "hold":
        return "MUNIMENT_WEBHOOKS is hold."
    if settings.webhooks == "send" or before == now or (_local(before) and _local(now)):
        return ""
    return f"The log was opened under {before} and is served under {now}; MUNIMENT_WEBHOOKS is auto."


def log_origin(base_url: str) -> str:
    """What a BASE_URL is in the name of a log: without the scheme, and without what that name cannot hold."""
    return base_url.partition("://")[2].replace("+", "-")


def _local(origin: str) -> bool:
    host = urlsplit(f"//{origin}").hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
