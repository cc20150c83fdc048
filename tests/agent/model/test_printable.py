"""No text of a device, a file or a person acts on a terminal."""

import json

import pytest

from agent.model.printable import escaped_json, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("r01 \u2013 12\u202fkW\u00a0\u4e2d", "r01 \u2013 12\u202fkW\u00a0\u4e2d"),
        ("\x1b[2J\x9bK\x07", "\ufffd[2J\ufffdK\ufffd"),
        ("a\u202eb\u2028c\ud800", "a\ufffdb\ufffdc\ufffd"),
        ("a\nb\tc", "a\nb\ufffdc"),
    ],
    ids=["plain", "escapes", "directions", "kept"],
)
def test_what_is_not_shown_as_itself_is_replaced(text: str, shown: str) -> None:
    assert printable(text, "\n") == shown


def test_json_keeps_its_meaning() -> None:
    value = {"a": "\x9b\u202e\U000e0001\u4e2d\n"}
    text = escaped_json(json.dumps(value, indent=1, ensure_ascii=False))
    assert "\x9b" not in text
    assert "\u202e" not in text
    assert "\u4e2d" in text
    assert json.loads(text) == value
