"""Reads the catalogue that this release ships. Which one is in force is for the log to say."""

import functools
import importlib.resources
import tomllib

import msgspec

from service.catalogue.model import Catalogue


@functools.cache
def shipped() -> Catalogue:
    """The catalogue of `pactflow.toml`. Raises msgspec.ValidationError when the file is not one."""
    text = importlib.resources.files("service.catalogue").joinpath("pactflow.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), Catalogue)
