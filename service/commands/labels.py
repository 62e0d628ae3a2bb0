"""What may be asked of an application's labels. Pure: state in, events out."""

from typing import ClassVar

import msgspec

from projections import spans
from projections.labels import Label
from projections.spans import keyed
from projections.view import View
from service import errors
from service.commands import applications, versions
from service.commands.order import Caller, Need
from service.events import Event
from service.events import labels as events
from service.vocabulary import ApplicationId, name


class AddLabel(msgspec.Struct, frozen=True, kw_only=True):
    """Give an application a label; the application is made if it is not here yet."""

    word: ClassVar[str] = "add_label"
    application: str
    application_id: ApplicationId
    label: str

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return (applications.managing(view, self.application, caller),)

    def arguments(self) -> dict[str, str]:
        return {}

    def reads(self, view: View) -> tuple[spans.Want, ...]:
        """The label."""
        application = view.application_named(name(self.application))
        if application is None:
            return ()
        return (spans.by_key(Label, keyed(application.id, label_name(self.label))),)


class RemoveLabel(msgspec.Struct, frozen=True, kw_only=True):
    """Take a label from an application."""

    word: ClassVar[str] = "remove_label"
    application: ApplicationId
    label: str

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return (versions.managing(view, self.application),)

    def arguments(self) -> dict[str, str]:
        return {"application": self.application}

    def reads(self, view: View) -> tuple[spans.Want, ...]:
        """The label."""
        return (spans.by_key(Label, keyed(self.application, label_name(self.label))),)


def add_label(command: AddLabel, view: View, caller: Caller) -> list[Event]:
    """Decide a label. One that is there already changes nothing. Raises Invalid."""
    label = label_name(command.label)
    application, made = applications.found_or_made(view, command.application, command.application_id, caller)
    if not made and view.shelf.get(Label, keyed(application, label)) is not None:
        return []
    return [*made, events.LabelAdded(application=application, label=label)]


def remove_label(command: RemoveLabel, view: View, caller: Caller) -> list[Event]:
    """Decide that a label is taken away. Raises NotFound."""
    label = label_name(command.label)
    if view.shelf.get(Label, keyed(command.application, label)) is None:
        raise errors.NotFound(f"No label with name '{label}' found")
    return [events.LabelRemoved(application=command.application, label=label)]


def label_name(text: str, pointer: str = "label") -> str:
    """A label as it is kept, or Invalid."""
    return name(text, pointer, "label")
