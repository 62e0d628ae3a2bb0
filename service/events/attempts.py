"""What was attempted and did not happen. No kind of a fact is ever written for it."""

import msgspec

from service.vocabulary import EventId, Thing

VARIOUS = "various"
"""The command of a record that counts different attempts together; no command has this word."""


class AttemptDenied(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="attempt.denied"):
    """An authenticated principal asked for what it may not do.

    `command` is the command's word (`publish_contract`), `arguments` hold ids and numbers only. The first denial of one
    (principal, permission, thing) is recorded at once with count 1; repeats within 60 s become one more
    record, whose `count` says how many and whose `first` names the one recorded at once. Of a principal who tries ever
    other things within a minute, the rest is joined in one record: `command` and `missing` are then `various`.
    """

    command: str
    arguments: dict[str, str]
    missing: str
    on: Thing | None = None
    read_only_token: bool = False
    count: int = 1
    first: EventId | None = None
