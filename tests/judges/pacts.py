"""The contracts that the clients publish, as files, which is how their users have them."""

import json
from pathlib import Path


def written(directory: Path) -> None:
    """`foo-bar.json` is Foo's contract with Bar, and so on; `foo-bar-more.json` asks for something else."""
    for consumer, provider in (("Foo", "Bar"), ("Bar", "Baz"), ("Baz", "Bar")):
        name = f"{consumer}-{provider}".lower()
        _write(directory / f"{name}.json", consumer, provider, "one thing")
        _write(directory / f"{name}-more.json", consumer, provider, "another thing")


def _write(path: Path, consumer: str, provider: str, what: str) -> None:
    interaction = {
        "description": f"a request for {what}",
        "request": {"method": "GET", "path": f"/{what.replace(' ', '-')}"},
        "response": {"status": 200},
    }
    contract = {
        "consumer": {"name": consumer},
        "provider": {"name": provider},
        "interactions": [interaction],
        "metadata": {"pactSpecification": {"version": "2.0.0"}},
    }
    path.write_text(json.dumps(contract))
