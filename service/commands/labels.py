"""What may be asked of an application's labels. Pure: state in, events out."""

from service.events import Event
from service.events import labels as events
from service.vocabulary import ApplicationId


def added(application: ApplicationId, label: str, *, already: bool) -> list[Event]:
    """The fact that the application carries the label: none where it does already."""
    return [] if already else [events.LabelAdded(application=application, label=label)]


def removed(application: ApplicationId, label: str) -> list[Event]:
    """The fact that the application no longer carries the label."""
    return [events.LabelRemoved(application=application, label=label)]
