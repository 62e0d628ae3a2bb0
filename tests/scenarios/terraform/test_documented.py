"""What docs/pactflow.md tells somebody who comes from PactFlow: its example, account, roles and paths are so."""

import re
import textwrap
from pathlib import Path
from typing import Any, Final

import msgspec

from service.catalogue.compiled import DEFAULT_TEAM
from service.catalogue.loader import shipped
from service.http import routes
from tests.scenarios.terraform.conftest import Runs
from tests.scenarios.terraform.core import Configuration, Ref
from tests.scenarios.terraform.test_acceptance import A, B
from tests.scenarios.terraform.test_at_once import forty
from tests.service import Running

PAGE: Final = (Path(__file__).parents[3] / "docs" / "pactflow.md").read_text("utf-8")
_BLOCK: Final = re.compile(r'^resource "(\w+)" "(\w+)" \{\n(.*?)^\}$', re.MULTILINE | re.DOTALL)
_ARGUMENT: Final = re.compile(r"^  (\w+) += (.*?)(?: #.*)?$", re.MULTILINE)
_NESTED: Final = re.compile(r"^  (\w+) \{\n(.*?)^  \}$", re.MULTILINE | re.DOTALL)


def test_the_roles_of_the_page_are_the_catalogue_s() -> None:
    """Ids are what clients hold; the page has every predefined role's, and the Default team's."""
    rows = re.findall(r"^\| ([^|]+) \|(?: ([^|]+))? \| `([0-9a-f-]{36})` \|", PAGE, re.MULTILINE)
    catalogue = shipped()
    assert {role.id: role.name for role in catalogue.roles} == {id_: name for name, _, id_ in rows}
    assert catalogue.profiles is not msgspec.UNSET
    later = {id_: profile.name for id_, profile in catalogue.profiles["2025"].items()}
    assert later == {id_: name for _, name, id_ in rows if name}
    assert f"The Default team is `{DEFAULT_TEAM}`." in PAGE


def test_the_paths_of_the_page_are_served() -> None:
    """A path that the page names in a table is in the table of routes."""
    named = set(re.findall(r"`(?:[A-Z]+ )?(/[^`]*)`", PAGE)) - {"/access/v1"}
    assert set() == named - {route.path for route in routes.ROUTES}


async def test_the_example_is_applied_by_an_account_with_the_role_that_the_page_names(
    running: Running, runs: Runs
) -> None:
    """The page's own HCL: applied, nothing to do in a second plan, destroyed, and all by no Administrator.

    With the same few permissions the forty resources and the acceptance story's blocks are applied and destroyed.
    """
    listed = re.search(r"needs no more than a role with\n\n((?: {4}.*\n)+)", PAGE)
    assert listed is not None
    role = await running.role("Terraform", *listed[1].split())
    run = runs(token=(await running.system_account("Terraform", roles=[role])).token)
    for configuration in (documented(), forty(), A, B):
        await run.apply(configuration)
        shown = {name for one in (await run.plan(configuration)).values() for name in one.differences}
        assert shown <= ({"display_name"} if configuration is B else set())
    await run.destroy()


def documented() -> Configuration:
    """The resources of the page's example: texts, flags, lists and maps on one line each, and blocks of these."""
    example = PAGE.partition("```hcl\n")[2].partition("```")[0]
    found = {
        f"{kind}.{name}": _arguments(body)
        | {block: _arguments(textwrap.dedent(inner), "") for block, inner in _NESTED.findall(body)}
        for kind, name, body in _BLOCK.findall(example)
    }
    assert len(found) == example.count("\nresource ")
    return found


def _arguments(body: str, indent: str = "  ") -> dict[str, Any]:
    lines = textwrap.indent(body, "  ") if not indent else body
    return {argument: _value(text) for argument, text in _ARGUMENT.findall(lines)}


def _value(text: str) -> Any:
    if text.startswith("{"):
        name, _, value = text.strip("{} ").partition(" = ")
        return {name: _value(value)}
    if text.startswith("["):
        return [_value(one.strip()) for one in text.strip("[]").split(",")]
    if text.startswith('"'):
        return text[1:-1].replace('\\"', '"').replace("$${", "${")
    if text in ("true", "false"):
        return text == "true"
    address, _, attribute = text.rpartition(".")
    return Ref(address, attribute)
