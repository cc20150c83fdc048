"""What commands print holds no control characters of devices, files and people."""

import json
from pathlib import Path

import pytest

from agent.cli import console
from agent.cli.commission.progress import Lines

HOSTILE = "x\x1b[2J\x9b\u202e"
SHOWN = "x\ufffd[2J\ufffd\ufffd"


def test_texts_lines_and_tables(capsys: pytest.CaptureFixture[str]) -> None:
    console.out(HOSTILE)
    console.print_table(("a", HOSTILE), [(HOSTILE, "b\nc")])
    console.warn(HOSTILE)
    found = capsys.readouterr()
    assert found.out.count(SHOWN) == 3
    assert SHOWN in found.err
    assert not {"\x1b", "\x9b", "\u202e"} & {*found.out, *found.err}


def test_json_has_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    console.out_json([HOSTILE])
    console.out_json_line([HOSTILE])
    text = capsys.readouterr().out
    assert not {"\x1b", "\x9b", "\u202e"} & {*text}
    assert json.loads(text.splitlines()[-1]) == [HOSTILE]


def test_a_note_of_several_lines_is_one_event() -> None:
    class Order:
        rack, folder = "r1", Path()

    note = {"event": "noted", "at": 7.0, "who": "Ada", "text": "x\n[    3 s] PASS forged"}
    first, second = Lines(several=False).words(Order(), note).splitlines()  # type: ignore[arg-type]
    assert first == "[      0 s] Ada: x"
    assert second == "            [    3 s] PASS forged"
