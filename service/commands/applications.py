"""What may be asked of applications. Pure: state in, events out."""

from typing import ClassVar

import msgspec

from projections import newcomers, spans, things
from projections.results import VerificationResult
from projections.versions import Version
from projections.view import View
from service import errors
from service.commands import vanishing
from service.commands.order import Caller, Need
from service.events import Event
from service.events.applications import ApplicationCreated, ApplicationDeleted, ApplicationEdited, Change
from service.events.teams import TeamApplicationsChanged
from service.vocabulary import URL_LENGTH_MAX, ApplicationId, line, name

FIELDS = {"display_name": "displayName", "repository_url": "repositoryUrl", "main_branch": "mainBranch"}


class CreateApplication(msgspec.Struct, frozen=True, kw_only=True):
    """Register an application. `manage:*` and `manage:own` allow it, `manage:team` alone never (section 3.4)."""

    word: ClassVar[str] = "create_application"
    application: ApplicationId
    name: str
    display_name: str | None = None
    repository_url: str | None = None
    main_branch: str | None = None

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        wanted = name(self.name, "/name")
        return (Need("contract_data:manage", things.about_to_exist("application", wanted, caller.principal)),)

    def arguments(self) -> dict[str, str]:
        return {}


class EditApplication(msgspec.Struct, frozen=True, kw_only=True):
    """Change an application; a field that is UNSET stays, None takes it away."""

    word: ClassVar[str] = "edit_application"
    application: ApplicationId
    name: str | msgspec.UnsetType = msgspec.UNSET
    display_name: str | msgspec.UnsetType | None = msgspec.UNSET
    repository_url: str | msgspec.UnsetType | None = msgspec.UNSET
    main_branch: str | msgspec.UnsetType | None = msgspec.UNSET

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return (Need("contract_data:manage", things.of_application(view.application(self.application))),)

    def arguments(self) -> dict[str, str]:
        return {"application": self.application}


class DeleteApplication(msgspec.Struct, frozen=True, kw_only=True):
    """Delete an application with all that it has and every contract it takes part in.

    With contracts or versions it is a bulk deletion too. Every contract's consumer must be within reach, since an
    application deleted as a provider would otherwise wipe other teams' contracts, and for the versions the application
    itself (section 3.6).
    """

    word: ClassVar[str] = "delete_application"
    application: ApplicationId

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        application = view.application(self.application)
        wiped = [
            Need("contract_data:bulk_delete", things.of_integration(view, integration))
            for integration in view.integrations_of(application.id)
        ]
        if view.shelf.of_application(Version, application.id):
            wiped.append(Need("contract_data:bulk_delete", things.of_application(application)))
        return (Need("contract_data:manage", things.of_application(application)), *wiped)

    def arguments(self) -> dict[str, str]:
        return {"application": self.application}

    def reads(self, view: View) -> tuple[spans.Want, ...]:
        view.application(self.application)
        as_consumer = spans.under(VerificationResult, f"{self.application}/")
        return (as_consumer, *vanishing.reads_application(self.application))


def create_application(command: CreateApplication, view: View, caller: Caller) -> list[Event]:
    """Decide a registration. Raises Invalid, or Refused when the name is taken."""
    wanted = name(command.name, "/name")
    if view.application_named(wanted) is not None:
        raise errors.Refused("name_taken", f"There is already an application named {wanted!r}.", "/name")
    return created(
        view,
        ApplicationCreated(
            application=command.application,
            name=wanted,
            creator=caller.principal,
            display_name=_text(command.display_name, "display_name"),
            repository_url=_text(command.repository_url, "repository_url"),
            main_branch=_text(command.main_branch, "main_branch"),
        ),
    )


def edit_application(command: EditApplication, view: View, caller: Caller) -> list[Event]:
    """Decide an edit. Editing an application into what it already is changes nothing."""
    application = view.application(command.application)
    changes = []
    if isinstance(command.name, str) and (wanted := name(command.name, "/name")) != application.name:
        if view.application_named(wanted) is not None:
            raise errors.Refused("name_taken", f"There is already an application named {wanted!r}.", "/name")
        changes.append(Change(field="name", before=application.name, after=wanted))
    for field in FIELDS:
        asked = getattr(command, field)
        if asked is msgspec.UNSET:
            continue
        before, after = getattr(application, field), _text(asked, field)
        if before != after:
            changes.append(Change(field=field, before=before, after=after))
    return [ApplicationEdited(application=application.id, changes=tuple(changes))] if changes else []


def delete_application(command: DeleteApplication, view: View, caller: Caller) -> list[Event]:
    """Decide a deletion: a parent, and children that list all that vanishes with it."""
    application = view.application(command.application)
    gone = vanishing.of_application(view, application.id)
    parent = ApplicationDeleted(
        application=application.id, name=application.name, contracts=len(gone.contracts)
    )
    return [parent, *gone.children()]


def managing(view: View, wanted: str, caller: Caller) -> Need:
    """What it takes to do something to the application of this name, which is made if it is not here (section 3.4)."""
    cleaned = name(wanted, "name", "name")
    application = view.application_named(cleaned)
    if application is None:
        return Need("contract_data:manage", things.about_to_exist("application", cleaned, caller.principal))
    return Need("contract_data:manage", things.of_application(application))


def found_or_made(
    view: View, wanted: str, new: ApplicationId, caller: Caller
) -> tuple[ApplicationId, list[Event]]:
    """The application of this name, and the facts by which it is made, under the new id, if it is not here."""
    cleaned = name(wanted, "name", "name")
    found = view.application_named(cleaned)
    if found is not None:
        return found.id, []
    return new, created(view, ApplicationCreated(application=new, name=cleaned, creator=caller.principal))


def created(view: View, application: ApplicationCreated) -> list[Event]:
    """The facts of a new application: it joins the preferred or the Default team, while there is one (seed 002)."""
    team = newcomers.team(view)
    joins = [TeamApplicationsChanged(team=team.id, added=(application.application,))] if team else []
    return [application, *joins]


def _text(text: str | None, field: str) -> str | None:
    if text is None:
        return None
    bound = URL_LENGTH_MAX if field == "repository_url" else 255
    return line(text, f"/{FIELDS[field]}", FIELDS[field], bound) or None
