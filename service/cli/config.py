"""`muniment config`: what this process would run with, and where each value came from."""

import click

from service.cli import options, output


@click.command()
@options.as_json
def config(as_json: bool) -> None:
    """Print the effective settings, secrets masked, each with its source; doubts about misspelt names follow."""
    from service import settings

    loaded = options.settings()
    rows = settings.masked(loaded)
    if as_json:
        named = {variable: {"value": shown, "source": source} for variable, shown, source in rows}
        output.json({"settings": named, "warnings": list(loaded.warnings)})
        return
    output.table(("setting", "value", "source"), rows)
    options.warn(loaded)
