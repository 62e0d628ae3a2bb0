"""One field of what a record changed, and the few shapes in which fields change."""

import msgspec


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One end of a relation that was added or removed, called what it was called then."""

    id: str
    name: str


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """One field: before and after, or of a relation what was added and removed. None: it had or has no value."""

    field: str
    before: object = None
    after: object = None
    added: tuple[Member, ...] = ()
    removed: tuple[Member, ...] = ()


def one(field: str, before: object, after: object) -> tuple[Changed, ...]:
    """A field that had a value and has another."""
    return (Changed(field=field, before=before, after=after),)


def made(**fields: object) -> tuple[Changed, ...]:
    """What a new thing begins with; a field without a value is none."""
    return tuple(Changed(field=field, after=value) for field, value in fields.items() if value is not None)


def ended(**fields: object) -> tuple[Changed, ...]:
    """What a thing had when it ended."""
    return tuple(Changed(field=field, before=value) for field, value in fields.items())
