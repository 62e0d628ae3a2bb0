"""docs/operating.md, held against the code: what an administrator reads in the middle of the night has to be true."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from service import handling, operations, settings, tls, vigil, waiting
from service.cli import examination, serve
from service.http import contracts, requests, wire

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operating.md").read_text("utf-8")
SOURCE = re.sub(
    r'"\s*\n?\s*f?"',
    "",
    "".join(
        file.read_text("utf-8") for name in ("service", "projections") for file in (ROOT / name).rglob("*.py")
    ),
)


def _yaml(beginning: str) -> Any:
    (text,) = [
        text for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if text.startswith(beginning)
    ]
    return yaml.safe_load(text)


def _sentences() -> list[str]:
    """What a replica that is not ready or has stopped says, as the tables of the runbook begin with it."""
    runbook = PAGE.partition("## What to do when")[2].partition("### ")[0]
    rows = re.findall(r"^\| ([A-Z][^|]+) \|", runbook, re.MULTILINE)
    return [sentence for row in rows for sentence in row.split(" / ")]


@pytest.mark.parametrize("sentence", _sentences())
def test_a_sentence_of_the_runbook_is_one_that_the_service_says(sentence: str) -> None:
    """Whoever searches the page for what the log says finds it: what is not a number or a name is to the letter."""
    words = [part.strip(" .:…") for part in re.split(r"…| [NMX]\b|\(kind\)|behind|seen-", sentence)]
    assert [] == [part for part in words if len(part) > 8 and part not in SOURCE]


def test_the_kubernetes_example_fits_the_settings_and_the_stop() -> None:
    """Its variables exist, its ports are those of its probes, and it waits as long as a stop may take."""
    pod = _yaml("apiVersion")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    known = {name for variable in settings.READERS for name in (variable, f"{variable}_FILE")}
    told = {entry["name"]: entry["value"] for entry in container["env"]}
    assert set() == told.keys() - known
    assert told["MUNIMENT_OPS_PORT"] == str(
        {one["name"]: one["containerPort"] for one in container["ports"]}["ops"]
    )
    asked = {container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "readiness", "liveness")}
    assert {"/readyz", "/healthz"} == asked
    longest = int(told["SHUTDOWN_DRAIN_SECONDS"]) + serve.FLIGHT_SECONDS_MAX + 10
    assert pod["terminationGracePeriodSeconds"] >= longest


def test_every_alert_has_a_name_and_an_expression() -> None:
    """The rules load; that their metrics exist is tested where metrics are (tests/test_operations.py)."""
    (group,) = _yaml("groups")["groups"]
    names = [rule["alert"] for rule in group["rules"]]
    assert len(set(names)) == len(names)
    assert all("muniment_" in rule["expr"] for rule in group["rules"])


def test_bounds_are_as_the_page_says() -> None:
    """A bound that was changed is changed there too."""
    said = {
        "2 MiB": requests.BODY_BYTES_MAX / 2**20 == 2,
        "10 MiB": contracts.BODY_BYTES_MAX / 2**20 == 10,
        "8,190 bytes": wire.LINE_BYTES_MAX == 8_190,
        "100 headers": wire.HEADERS_MAX == 100,
        "75 s": wire.Patience().idle == 75,
        "30 s to arrive": requests.BODY_SECONDS_MAX == 30,
        "4,096, then 503": waiting.QUEUE_ORDERS_MAX == 4_096,
        "15 s, then 503": waiting.ANSWER_SECONDS_MAX == 15,
        "about 1,000, or 4 MiB": (handling.BATCH_RECORDS_MAX, handling.BATCH_BYTES_MAX) == (1_000, 4 * 2**20),
        "fourteen days": examination.CERTIFICATE_LEFT_MIN.days == 14,
        "within two seconds": vigil.READY_SECONDS_MAX == 2,
        "longer\nthan five seconds": vigil.APPEND_SECONDS_MAX == 5,
        "within ten seconds of any change": tls.CHECK_SECONDS == 10,
        "64 connections, one request and 10 s each": (
            (operations.CONNECTIONS_MAX, operations.CONNECTION_SECONDS_MAX) == (64, 10)
        ),
        "in flight (30 s at most)": serve.FLIGHT_SECONDS_MAX == 30,
    }
    assert [] == [text for text, true in said.items() if not true or text not in PAGE]
