"""What `muniment doctor` says of webhooks: what is owed, since when, and whether it is sent from here."""

import ssl
from typing import Literal

from projections import owed_reading
from service import holding
from service.events.account import LogOpened
from service.log import reader, recorded
from service.log.connect import Connection
from service.settings import Settings


async def judged(settings: Settings, connection: Connection) -> tuple[Literal["ok", "warn", "fail"], str]:
    """(whether it is well, the sentence that says so). The account is open."""
    if settings.webhook_ca_file is not None:
        try:
            ssl.create_default_context().load_verify_locations(settings.webhook_ca_file)
        except OSError as failure:
            return (
                "fail",
                f"{settings.webhook_ca_file} holds no certificates that can be read: {failure.strerror}.",
            )
    found = await owed_reading.count(connection)
    many = "1 request is" if found.owed == 1 else f"{found.owed} requests are"
    owed = f"{many} owed, the oldest since {found.since}" if found.owed else "nothing is owed"
    row = await reader.entry_at(connection, 1)
    opened = recorded.decode(row.entry).data if row is not None else None
    held = holding.why_held(settings, opened) if isinstance(opened, LogOpened) else ""
    return ("warn", f"{owed}; nothing is sent from here. {held}") if held else ("ok", owed)
