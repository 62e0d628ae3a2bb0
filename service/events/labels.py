"""What can happen to the labels of an application: words by which applications are found together."""

import msgspec

from service.vocabulary import ApplicationId


class LabelAdded(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="label.added"):
    """The application carries the label."""

    application: ApplicationId
    label: str


class LabelRemoved(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="label.removed"):
    """The application no longer carries the label."""

    application: ApplicationId
    label: str


class RemovedLabel(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """One label that a deletion took from an application: [application, label]."""

    application: ApplicationId
    label: str


class LabelsRemoved(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="labels.removed"):
    """Child of a deletion: exactly which labels vanished, as many as fit one record."""

    labels: tuple[RemovedLabel, ...]


LabelEvent = LabelAdded | LabelRemoved | LabelsRemoved
