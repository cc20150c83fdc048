"""Writes profiles into a folder and compiles them, or says what is wrong with them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.model.errors import ConfigError
from agent.profile.library import open_library
from agent.profile.points import Profile

Write = Callable[..., Path]
Compile = Callable[..., Profile]
Problems = Callable[..., list[str]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write ``name.yaml``; fragments go where fragments live."""

    def run(text: str, name: str = "p") -> Path:
        fragment = text.startswith("fragment:")
        folder = tmp_path / "fragments" if fragment else tmp_path
        folder.mkdir(exist_ok=True)
        path = folder / f"{name}.yaml"
        path.write_text(text)
        return path

    return run


@pytest.fixture
def compiled(write: Write, tmp_path: Path) -> Compile:
    """The profile that ``text`` compiles to."""

    def run(text: str, name: str = "p") -> Profile:
        path = write(text, name)
        return open_library([tmp_path]).load(path)

    return run


@pytest.fixture
def problems(write: Write, tmp_path: Path) -> Problems:
    """What is said of ``text``, with ``file:`` cut off; other files keep their names."""

    def run(text: str, name: str = "p") -> list[str]:
        path = write(text, name)
        with pytest.raises(ConfigError) as caught:
            open_library([tmp_path]).load(path)
        lines = str(caught.value).splitlines()
        return [line.removeprefix(f"{path}:").removeprefix(f"{tmp_path}/") for line in lines]

    return run


def snmp(*points: str, head: str = "") -> str:
    """An SNMP profile whose first point stands in line 8, or after the lines of ``head``."""
    listed = "".join(f"  - {point}\n" for point in points)
    return (
        "profile: p\ntitle: t\nkind: pdu\nprotocol: snmp\nverified: datasheet\nsource: s\n"
        f"{head}points:\n{listed}"
    )


def modbus(*points: str, head: str = "") -> str:
    """A Modbus profile whose first point stands in line 8, or after the lines of ``head``."""
    return snmp(*points, head=head).replace("protocol: snmp", "protocol: modbus")


def fragment(*points: str, name: str = "f", head: str = "") -> str:
    """A fragment whose first point stands in line 5, or after the lines of ``head``."""
    listed = "".join(f"  - {point}\n" for point in points)
    return f"fragment: {name}\ntitle: t\nsource: s\n{head}points:\n{listed}"
