"""The fast way to a line of the log says what structlog's own processors would say."""

import asyncio
import io
import json

from service.cli import lines


def test_a_line_holds_its_fields_then_event_level_and_time() -> None:
    """Readers of the log find the fields in the order in which they were given, and a time in UTC."""
    line = lines.rendered(None, "info", {"path": "/é", "status": 200, "event": "request"})
    assert line.startswith(
        '{"path": "/\\u00e9", "status": 200, "event": "request", "level": "info", "timestamp": "2'
    )
    assert line.endswith('Z"}')


def test_an_exception_is_a_trace_without_what_the_code_held() -> None:
    """A trace shows no local variables: a token may be among them."""
    secret = "mun_" + "x" * 20
    line = ""
    try:
        int(secret[:3])
    except ValueError as failure:
        line = lines.rendered(None, "error", {"event": "defect", "exc_info": failure, "odd": {1}})
    found = json.loads(line)
    assert "ValueError: invalid literal" in found["exception"]
    assert "{1}" == found["odd"]
    assert secret not in line


async def test_lines_of_one_turn_are_written_together_and_in_order() -> None:
    """They are written once the event loop has turned, and none is lost."""
    file = io.StringIO()
    gathered = lines.Gathered(file)
    gathered.info("one")
    gathered.error("two")
    assert "" == file.getvalue()
    await asyncio.sleep(0)
    assert "one\ntwo\n" == file.getvalue()


def test_a_line_without_an_event_loop_is_written_at_once() -> None:
    """Commands of the console log too; nothing waits for a loop that never turns, and none is lost with one."""
    file = io.StringIO()
    gathered = lines.Gathered(file)

    async def said_last() -> None:
        gathered.info("one")

    asyncio.run(said_last())
    gathered.info("two")
    assert "one\ntwo\n" == file.getvalue()


def test_a_file_that_takes_no_more_stops_nothing() -> None:
    """A closed pipe costs lines, never a request."""
    file = io.StringIO()
    file.close()
    lines.Gathered(file).info("one")
