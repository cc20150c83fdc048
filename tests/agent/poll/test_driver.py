"""Drivers come from installed packages, by name."""

from importlib.metadata import EntryPoint

import pytest

from agent.model.errors import ConfigError
from agent.model.values import ReadRegisters
from agent.poll import driver
from agent.poll.driver import DefaultDriver, find_driver
from agent.transport.memory import MemoryTransport


class Paged:
    """A stand-in for somebody's driver."""


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[EntryPoint]:
    found: list[EntryPoint] = []
    monkeypatch.setattr(driver, "entry_points", lambda group: found)
    return found


async def test_a_profile_without_a_driver_asks_the_transport_itself() -> None:
    transport = MemoryTransport(registers={"holding": {1: 42}})
    request = ReadRegisters("holding", 1, 1)
    found = find_driver(None)
    assert isinstance(found, DefaultDriver)
    assert (await found.read(request, transport)).payload == b"\0\x2a"


def test_a_driver_is_found_by_its_name(installed: list[EntryPoint]) -> None:
    installed.append(EntryPoint("paged", f"{__name__}:Paged", driver.ENTRY_POINTS))
    assert isinstance(find_driver("paged"), Paged)


def test_an_unknown_driver_is_refused_with_those_there_are(installed: list[EntryPoint]) -> None:
    with pytest.raises(ConfigError, match="unknown driver 'paged'; none are installed"):
        find_driver("paged")
    installed.append(EntryPoint("paged-twice", "x:y", driver.ENTRY_POINTS))
    with pytest.raises(ConfigError, match="unknown driver 'pagd'; installed: paged-twice"):
        find_driver("pagd")
    with pytest.raises(ConfigError, match="unknown driver 'zzz'; installed: paged-twice"):
        find_driver("zzz")
