"""What can happen to an application (a pacticipant on the wire)."""

import msgspec

from service.vocabulary import ApplicationId, PrincipalId


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One field before and after; None where it had or has no value."""

    field: str
    before: str | None
    after: str | None


class ApplicationCreated(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="application.created"
):
    """An application exists. `creator` is who holds `own` over it, explicitly or by having published for it."""

    application: ApplicationId
    name: str
    creator: PrincipalId | None
    display_name: str | None = None
    repository_url: str | None = None
    main_branch: str | None = None


class ApplicationEdited(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="application.edited"
):
    """Fields of the application changed; `field` is one of name, display_name, repository_url, main_branch."""

    application: ApplicationId
    changes: tuple[Change, ...]


class ApplicationDeleted(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="application.deleted"
):
    """The application is gone. An application made later under its old name is another one.

    `contracts` counts what vanished with it; children of the same correlation list each.
    """

    application: ApplicationId
    name: str
    contracts: int = 0


class ApplicationsRemoved(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="applications.removed"
):
    """Child of a bulk deletion: applications that nothing referred to any longer."""

    applications: tuple[ApplicationId, ...]
    names: tuple[str, ...]


ApplicationEvent = ApplicationCreated | ApplicationEdited | ApplicationDeleted | ApplicationsRemoved
