"""docker-compose.yml and the Dockerfile, checked without an engine: against the specification and against the code."""

import importlib.resources
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from service import settings
from service.cli import serve
from service.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def test_the_compose_file_follows_the_specification() -> None:
    """The Compose Specification's own schema, as check-jsonschema carries it, finds nothing wrong."""
    schema = (
        importlib.resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    )
    jsonschema.validate(COMPOSE, json.loads(schema.read_text()))


def test_the_schema_finds_mistakes() -> None:
    """The test above means something: a misspelt key does not pass."""
    schema = (
        importlib.resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    )
    wrong = COMPOSE | {"services": {"muniment": {"imagine": "muniment"}}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, json.loads(schema.read_text()))


@pytest.mark.parametrize("kind", ["secrets", "configs", "volumes"])
def test_what_a_service_uses_is_declared_and_used(kind: str) -> None:
    """Nothing is referred to that is not there, and nothing is left over."""
    used = {_source(entry) for service in COMPOSE["services"].values() for entry in service.get(kind, ())}
    assert set(COMPOSE[kind]) == used


@pytest.mark.parametrize("service", ["migrate", "muniment"])
def test_our_services_are_told_only_what_exists(service: str) -> None:
    """A variable is one of the settings, a file it names is a secret of that service, and no secret is written out."""
    known = {name for variable in settings.READERS for name in (variable, f"{variable}_FILE")}
    environment: dict[str, str] = COMPOSE["services"][service]["environment"]
    assert set() == set(environment) - known
    files = {value for name, value in environment.items() if name.endswith("_FILE")}
    assert {f"/run/secrets/{name}" for name in COMPOSE["services"][service]["secrets"]} == files
    assert set() == {"DATABASE_URL", "MUNIMENT_KEY", "MUNIMENT_ADMIN_TOKEN"} & set(environment)


def test_the_service_starts_after_what_it_needs() -> None:
    """Postgres answers and the tables are there before the first request can come."""
    conditions = {
        name: need["condition"] for name, need in COMPOSE["services"]["muniment"]["depends_on"].items()
    }
    assert {"postgres": "service_healthy", "migrate": "service_completed_successfully"} == conditions
    assert all("healthcheck" in COMPOSE["services"][name] for name in ("postgres", "muniment"))


def test_the_health_of_a_container_is_asked_for_by_our_own_command() -> None:
    """The image and the compose file run a command that exists, which finds the port and the scheme by itself."""
    (run,) = re.findall(r"^HEALTHCHECK .*CMD (\[.+\])$", DOCKERFILE, re.MULTILINE)
    tests = [json.loads(run), COMPOSE["services"]["muniment"]["healthcheck"]["test"][1:]]
    assert [["muniment", "healthcheck"]] * 2 == tests
    assert "healthcheck" in COMMANDS


def test_a_stop_is_given_the_time_that_it_may_take() -> None:
    """Requests in flight finish before the engine loses patience."""
    seconds = int(COMPOSE["services"]["muniment"]["stop_grace_period"].removesuffix("s"))
    assert seconds >= serve.FLIGHT_SECONDS_MAX + 10


def test_metrics_are_not_published() -> None:
    """The operators' port asks nobody who they are, so it stays inside the network."""
    ports = COMPOSE["services"]["muniment"]["ports"]
    inside = COMPOSE["services"]["muniment"]["environment"]["MUNIMENT_OPS_PORT"]
    assert [] == [port for port in ports if str(port).endswith(f":{inside}")]


def test_only_the_owner_is_handed_the_owners_password() -> None:
    """A service that was broken into cannot change the record's tables."""
    assert "migrate_url" not in COMPOSE["services"]["muniment"]["secrets"]


def test_every_secret_is_made_by_the_script(tmp_path: Path) -> None:
    """`scripts/secrets` and then `docker compose up` is all; a second run keeps what the first one made."""
    (tmp_path / "scripts").mkdir()
    script = tmp_path / "scripts" / "secrets"
    script.write_text((ROOT / "scripts" / "secrets").read_text())
    contents = []
    for _ in range(2):
        subprocess.run(["bash", str(script)], check=True, capture_output=True)
        contents.append({path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()})
    assert contents[0] == contents[1]
    assert {f"./secrets/{name}" for name in contents[0]} == {
        entry["file"] for entry in COMPOSE["secrets"].values()
    }
    assert 0o700 == (tmp_path / "secrets").stat().st_mode & 0o777
    loaded = settings.from_environment(
        {
            "DATABASE_URL_FILE": str(tmp_path / "secrets" / "database_url"),
            "MUNIMENT_MIGRATE_URL_FILE": str(tmp_path / "secrets" / "migrate_url"),
            "MUNIMENT_KEY_FILE": str(tmp_path / "secrets" / "key"),
            "MUNIMENT_ADMIN_TOKEN_FILE": str(tmp_path / "secrets" / "admin_token"),
        }
    )
    assert () == loaded.warnings
    assert "/muniment" == (loaded.settings.database_url or "")[-9:]


def test_the_image_is_built_from_files_that_are_sent_to_the_engine() -> None:
    """A COPY of what .dockerignore holds back, or of what is not there, fails only at the build."""
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    }
    allowed = {
        line[1:].rstrip("/") for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    }
    assert copied == allowed
    assert all((ROOT / source).exists() for source in copied)


def test_the_image_does_not_run_as_root() -> None:
    """Whoever breaks out of the service is nobody."""
    assert ["10001:10001"] == re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE)


def _source(entry: Any) -> str:
    return str(entry["source"] if isinstance(entry, dict) else entry.partition(":")[0])
