"""A reader that is slow receives everything that a command prints."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.drivers.harness import PROFILES


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_slow_reader_receives_all_of_the_output(unbuffered: str) -> None:
    """The pipe is full and does not block until the reader begins."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    code = (
        "import sys; from agent.cli.output import write_whole; write_whole();"
        "sys.stdout.write('x' * 300_000 + '\\n'); print('end')"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=writing,
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        cwd=Path(PROFILES).parents[1],
    ) as program:
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            received = pipe.read()
    assert program.returncode == 0
    assert received == b"x" * 300_000 + b"\nend\n"


def test_the_program_prints_whole_lines_without_a_buffer() -> None:
    found = subprocess.run(
        [sys.executable, "-m", "agent", "schema", "profile"],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert found.stdout.rstrip().endswith(b"}")
