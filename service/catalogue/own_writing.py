"""Writes an own catalogue as the TOML file that could have been adopted: to be edited, and adopted again."""

from typing import Any

import msgspec

from service.catalogue.own import OwnCatalogue


def to_toml(catalogue: OwnCatalogue) -> str:
    """The catalogue as TOML; what is as it is without being said is left out."""
    document: dict[str, Any] = msgspec.to_builtins(catalogue)
    document["types"] = [_said(one, {"owner": "owner", "teams": "team"}) for one in document["types"]]
    lines = [f"{field} = {_value(document[field])}" for field in ("name", "number")]
    lines += [
        f"{field} = {_value(document[field])}"
        for field in ("label", "description", "subject_types")
        if document[field]
    ]
    for table in ("types", "actions", "conditions"):
        for one in document[table]:
            lines += ["", f"[[{table}]]"]
            lines += [f"{field} = {_value(value)}" for field, value in _said(one, {}).items()]
    return "\n".join(lines) + "\n"


def _said(one: dict[str, Any], usual: dict[str, str]) -> dict[str, Any]:
    return {
        field: value
        for field, value in one.items()
        if value not in ("", [], ()) and usual.get(field) != value
    }


def _value(value: Any) -> str:
    """JSON's texts, numbers and truth values are TOML's too; lists and tables are written apart."""
    match value:
        case dict():
            return "{ " + ", ".join(f"{field} = {_value(one)}" for field, one in value.items()) + " }"
        case list() | tuple():
            if any(isinstance(one, dict) for one in value):
                return "[\n" + "".join(f"    {_value(one)},\n" for one in value) + "]"
            return "[" + ", ".join(_value(one) for one in value) + "]"
        case _:
            return msgspec.json.encode(value).decode()
