"""Table indexes to named parts (RFC 2578 section 7.7)."""

from agent.model import smi
from agent.profile.points import IndexPart


def parse_index(suffix: bytes, parts: tuple[IndexPart, ...]) -> dict[str, int | str] | None:
    """The parts of an instance's ``suffix`` by name; None when it does not have this shape."""
    try:
        subids = list(smi.decode_subids(suffix))
    except ValueError:
        return None
    found: dict[str, int | str] = {}
    for part in parts:
        if not subids:
            return None
        if part.form == "rest":
            found[part.name] = ".".join(map(str, subids))
            subids = []
            continue
        first = subids.pop(0)
        if part.form == "number":
            found[part.name] = first
            continue
        if first > len(subids) or any(char > 255 for char in subids[:first]):
            return None
        found[part.name] = bytes(subids[:first]).decode("utf-8", "replace")
        del subids[:first]
    return None if subids else found
