"""Drivers, which turn a request into an answer: the default one uses the transport only.

Other drivers are plugins for devices that a YAML profile cannot describe (a page must be selected
first, for example). They are found by name in the entry-point group ``rackagent.drivers``.
"""

from importlib.metadata import entry_points
from typing import Protocol

from agent.model.errors import ConfigError
from agent.model.values import Answer, Request
from agent.parse.yaml_source import nearest
from agent.transport.base import Transport

ENTRY_POINTS = "rackagent.drivers"


class Driver(Protocol):
    """The interface of a driver: it carries out one request and raises like ``Transport.fetch``."""

    async def read(self, request: Request, transport: Transport) -> Answer:
        """Return the answer to ``request``, which is sent over ``transport``."""
        ...


class DefaultDriver:
    """The default driver: it forwards each request to the transport."""

    async def read(self, request: Request, transport: Transport) -> Answer:
        """Return the transport's answer."""
        return await transport.fetch(request)


def find_driver(name: str | None) -> Driver:
    """Return the driver that a profile names; the default one for None.

    Raises ConfigError if no installed package has it.
    """
    if name is None:
        return DefaultDriver()
    known = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
    if name not in known:
        close = nearest(name, known) or sorted(known)
        hint = f"; installed: {', '.join(close)}" if close else "; none are installed"
        raise ConfigError(f"unknown driver {name!r}{hint}")
    driver: Driver = known[name].load()()
    return driver
