"""What libraries log comes in the agent's format, and not as often as a client likes."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from agent.app import logs
from agent.app.logs import LibraryLines, set_up_logs


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, LibraryLines)]:
        root.removeHandler(handler)


def test_lines_of_libraries_are_json_and_limited(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("json")
    set_up_logs("json")  # as a second command in the same process does
    library = logging.getLogger("uvicorn.error")
    for _ in range(1000):
        library.warning("Invalid HTTP request received.")
    library.info("not shown")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    (line,) = lines
    assert (line["event"], line["level"]) == ("Invalid HTTP request received.", "warning")


def test_a_line_that_goes_on_comes_again_with_its_count(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up_logs("json")
    moments = iter((0.0, 1.0, 2.0, 61.0))
    monkeypatch.setattr("agent.app.logs.time.monotonic", lambda: next(moments))
    for _ in range(4):
        logging.getLogger("some.library").error("it failed: %d", 7)
    first, second = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert "repeated" not in first
    assert (second["event"], second["repeated"], second["level"]) == ("it failed: 7", 2, "error")


def test_different_lines_are_remembered_up_to_a_limit() -> None:
    handler = LibraryLines()
    structlog.configure(processors=[structlog.processors.JSONRenderer()],
                        logger_factory=structlog.ReturnLoggerFactory())  # fmt: skip
    for number in range(1000):
        handler.emit(logging.LogRecord("x", logging.ERROR, "", 0, f"line {number}", (), None))
    assert len(handler._seen) == logs._LINES_MAX


def test_an_error_keeps_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("json")
    try:
        raise ValueError("a bug")
    except ValueError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application\n")
    (line,) = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert line["event"] == "Exception in ASGI application"
    assert line["exception"][0]["exc_value"] == "a bug"
