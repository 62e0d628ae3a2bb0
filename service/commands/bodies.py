"""What the service itself asks for in time: that bodies of contracts which nobody holds leave the vault."""

from datetime import datetime
from typing import ClassVar

import msgspec

from projections.view import View
from service.commands.order import Caller, Need
from service.events import Event
from service.events.deletions import ContractBodiesForgotten, ForgottenBody

PIECE_BODIES_MAX = 240
"""A digest and a ref are some 110 bytes, and a record holds 32 KiB."""


class ForgetBodies(msgspec.Struct, frozen=True, kw_only=True):
    """Let bodies leave the vault that no contract has held since `unheld_since`, as was seen at position `seen_at`.

    Nobody can order it but the service (`service.retention`).
    """

    word: ClassVar[str] = "forget_bodies"
    bodies: tuple[ForgottenBody, ...]
    seen_at: int
    unheld_since: datetime

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return ()

    def arguments(self) -> dict[str, str]:
        return {"bodies": str(len(self.bodies))}


def forget_bodies(command: ForgetBodies, view: View, caller: Caller) -> list[Event]:
    """Decide it. What was published or restored since it was looked for stays, and so does what is gone already."""
    gone = [one for one in command.bodies if view.body_since(one.digest, one.body, command.seen_at)]
    return [
        ContractBodiesForgotten(
            unheld_since=command.unheld_since, bodies=tuple(gone[start : start + PIECE_BODIES_MAX])
        )
        for start in range(0, len(gone), PIECE_BODIES_MAX)
    ]
