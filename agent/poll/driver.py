"""How a request becomes an answer: the default driver asks the transport; others are plugins.

A driver exists only where YAML cannot speak (a device that needs a page selected first, say). It
is found by name through the entry-point group ``rackagent.drivers``.
"""

from importlib.metadata import entry_points
from typing import Protocol

from agent.model.errors import ConfigError
from agent.model.values import Answer, Request
from agent.parse.yaml_source import nearest
from agent.transport.base import Transport

ENTRY_POINTS = "rackagent.drivers"


class Driver(Protocol):
    """Carries out one request of the plan. Raises what ``Transport.fetch`` raises."""

    async def read(self, request: Request, transport: Transport) -> Answer:
        """Return the answer to ``request``, over ``transport``."""
        ...


class DefaultDriver:
    """Asks the transport, and nothing else."""

    async def read(self, request: Request, transport: Transport) -> Answer:
        """Return the transport's own answer."""
        return await transport.fetch(request)


def find_driver(name: str | None) -> Driver:
    """Return the driver a profile names; the default one for None.

    Raises ConfigError when no installed package has it.
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
