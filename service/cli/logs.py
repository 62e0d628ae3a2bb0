"""The log of this process: one structured line a message, on stderr; for people on a terminal, JSON elsewhere."""

import logging
import sys
from typing import Any, Final

import structlog

from service.cli import lines, output
from service.settings import Settings

WARNING: Final = "Warning:"
"""How a sentence begins that tells of something wrong."""
_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def serving(settings: Settings) -> None:
    """Log as the settings say."""
    _set_up(_LEVELS[settings.log_level], json=as_json(settings))


def quiet(settings: Settings) -> None:
    """Log for a command that answers and ends: only what is wrong, unless more was asked for."""
    asked = _LEVELS[settings.log_level]
    _set_up(asked if asked != logging.INFO else logging.WARNING, json=as_json(settings))


def as_json(settings: Settings) -> bool:
    """Whether programs read this log: LOG_FORMAT, and where it says auto, whether stderr is a terminal."""
    return settings.log_format == "json" or (settings.log_format == "auto" and not sys.stderr.isatty())


def announce(settings: Settings, sentence: str, event: str, **fields: object) -> None:
    """Tell whoever started the service something, in a form that does not break a log of JSON lines.

    A sentence that begins with «Warning:» is one in the log as well, so that LOG_LEVEL=warning keeps it.
    """
    if as_json(settings):
        log = structlog.get_logger("muniment")
        tell = log.warning if sentence.startswith(WARNING) else log.info
        tell(event, sentence=sentence, **fields)
    else:
        output.words(sentence)


def _set_up(level: int, *, json: bool) -> None:
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    rendering: list[Any] = (
        [lines.rendered]
        if json
        else [
            # The plain trace: the default one shows local variables, and secrets among them.
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    )
    structlog.configure(
        # `lines.rendered` adds level and time itself: a chain of processors costs five times as much a request.
        processors=rendering if json else [*shared, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lines.Gathered(sys.stderr) if json else structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    # Libraries, and the modules below the log, speak through the standard library: the same lines in the end.
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(level, logging.WARNING))
    logging.getLogger("muniment").setLevel(level)
