"""Labels of an application as they are true at some moment: words by which applications are found together."""

from datetime import datetime
from typing import ClassVar, assert_never

import msgspec

from projections.spans import keyed
from service.events import labels as events
from service.log.recorded import Foldable
from service.vocabulary import ApplicationId


class Label(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """That an application carries a label."""

    noun: ClassVar[str] = "label"
    version: ClassVar[str] = ""
    application: ApplicationId
    name: str
    created_at: datetime

    @property
    def key(self) -> str:
        """Of which application, and the label."""
        return keyed(self.application, self.name)

    @property
    def place(self) -> str:
        """The label."""
        return self.name


def keys(event: events.LabelEvent) -> tuple[str, ...]:
    """The labels that an event is about."""
    match event:
        case events.LabelAdded() | events.LabelRemoved():
            return (keyed(event.application, event.label),)
        case events.LabelsRemoved():
            return tuple(keyed(one.application, one.label) for one in event.labels)
        case _:
            assert_never(event)


def fold(label: Label | None, event: events.LabelEvent, recorded: Foldable, _key: str) -> Label | None:
    """The label after the event, or None once it is gone."""
    match event:
        case events.LabelAdded():
            return label or Label(
                application=event.application, name=event.label, created_at=recorded.recorded_at
            )
        case events.LabelRemoved() | events.LabelsRemoved():
            return None
        case _:
            assert_never(event)
