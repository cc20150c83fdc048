"""Text without characters that act on a terminal or change how other text is shown; pure."""

import unicodedata

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_LINE_ENDS = ("Zl", "Zp")


def printable(text: str, keep: str = "") -> str:
    """Return ``text`` with a replacement character for each one that is not shown as itself.

    These are control characters, directional and other format characters, line separators,
    surrogates and unassigned ones (Unicode categories C*, Zl and Zp), but not those in ``keep``.
    """
    if text.isprintable():
        return text
    return "".join(_REPLACEMENT if char not in keep and _acts(char) else char for char in text)


def escaped_json(document: str) -> str:
    """Return JSON text in which such characters are escapes; line breaks and tabs stay."""
    if document.isprintable():
        return document
    return "".join(
        "".join(f"\\u{unit:04x}" for unit in _utf16(char))
        if char not in "\n\t" and _acts(char)
        else char
        for char in document
    )


def _acts(char: str) -> bool:
    category = unicodedata.category(char)
    return category[0] == "C" or category in _LINE_ENDS


def _utf16(char: str) -> tuple[int, ...]:
    """Return the UTF-16 code units of a character, as escapes of JSON are written (RFC 8259)."""
    code = ord(char)
    if code < 0x10000:
        return (code,)
    return 0xD800 + ((code - 0x10000) >> 10), 0xDC00 + (code & 0x3FF)
