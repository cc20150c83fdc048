"""How a recorded device must be read, and what reading it gives: the ground of the corpus tests."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from agent.authoring.snmprec_read import read_recording
from agent.model.errors import DeviceError
from agent.model.values import Identity
from agent.plan import make_plan
from agent.poll.identify import identify, read_identity
from agent.transport.memory import MemoryTransport
from tests.drivers.harness import UNITS, Comparison, compare, corpus, library

SAME = "what the oracle says"
"""Stands for a serial number that the oracle reads too: the test compares with it."""

ORACLE = "oracle: "
"""So begins the reason for a row where LibreNMS is wrong and the MIB, or physics, says so."""

NOT_CARRIED = ("count", "cooling", "runtime", "quality_factor")
"""Classes of the oracle that this project's catalogue does not carry as such."""

SENTINELS = (
    *(-1, -41, -128, -255, -273, -410, -2999, -3000, -9999, -10_000, -13_108),
    *(-1_000_000, -2_000_000, -1_000_000_000, -858_993_460),
    *(9999, 1_000_000_000, 2_147_483_647, 4_294_944_255),
)
"""Raw values that devices of the corpus give for 'none': no such probe, overflow, a negative number
that became unsigned. No recording holds one of them as a measured value."""


@dataclass(frozen=True)
class Recorded:
    """What a recording must be read as, and its rows that are left out, with the reason."""

    profile: str
    identity: tuple[str | None, str | None, str | None]
    """Model, serial and firmware; None where the device does not say; a serial may be ``SAME``."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Beginning of a trusted row's OID, with its class before it or not, to why it is not read, or
    read otherwise than the oracle does."""
    states: Mapping[str, object] = field(default_factory=dict)
    """What states mean by the enumeration of the MIB; the OID without ``1.3.6.1.4.1.``."""
    vendor: str | None = None
    """Asserted where given."""
    hardware: str = ""
    """Why the oracle's name for the hardware does not hold the model."""
    otherwise: bool = False
    """Whether from some rows that are left out another value is read, or that there is none; where
    not, nothing at all is read from them."""
    least: float = 0.97
    """The part of the measured rows that must be read as the oracle reads them."""
    least_states: float = 0.9
    """The part of the states that must be read."""
    parts: int = 0
    """How many parts its inventory lists."""
    links: int = 0
    """How many neighbours the oracle knows."""
    hottest: float = 90
    """Degrees Celsius that no good temperature reaches."""
    unbalanced: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """Kind of place and its label, to why its power is not that of its voltage and current."""

    def reason(self, row: Mapping[str, Any]) -> str | None:
        """Why a row of the oracle is left out; None where nothing is written."""
        return next((self.left_out[key] for key in self.left_out if covers(key, row)), None)


def covers(key: str, row: Mapping[str, Any]) -> bool:
    """Whether a key of ``left_out`` is about this row of the oracle."""
    cls, _, oid = key.rpartition(" ")
    return cls in ("", row["cls"]) and f"{row['oid']}.".startswith(f"{oid.rstrip('.')}.")


@dataclass(frozen=True)
class Replay:
    """One recording, identified and read."""

    profile: str
    """The profile that identification finds."""
    identity: Identity
    refused: tuple[DeviceError, ...]
    """What the device did not answer of its identity."""
    read: Comparison
    """Its rows, read with the profile that is asked for."""
    oracle: Mapping[str, Any]
    """All that LibreNMS says: ``identity``, ``sensors``, ``lldp_links``."""


@lru_cache(maxsize=128)
def replay(name: str, profile: str) -> Replay:
    """Identify recording ``name`` (``pdu/apc_ap8853``) and read it with ``profile``; read once."""
    return asyncio.run(_replay(name, profile))


async def _replay(name: str, profile: str) -> Replay:
    folder = corpus() / "snmp"
    rows = read_recording(folder / f"{name}.snmprec")
    transport = MemoryTransport({oid: (tag, value) for oid, tag, value in rows})
    profiles = [each for each in library().all() if each.protocol == "snmp"]
    found = await identify(transport, "snmp", profiles)
    identity, refused = await read_identity(transport, found.profile, make_plan(found.profile))
    oracle = json.loads((folder / f"{name}.expected.json").read_text(encoding="utf-8"))
    return Replay(found.profile.name, identity, refused, await compare(name, profile), oracle)


def share(found: Comparison, *classes: str) -> float:
    """The part of these classes' rows that is read as the oracle reads it; 1 where there is none.

    All measured classes unless given.
    """
    wanted = classes or tuple(UNITS)
    rows = len(found.rows(wanted))
    unread = len(found.missing(wanted)) + len(found.wrong(wanted))
    return 1 - unread / rows if rows else 1.0


def electrical(found: Comparison) -> dict[tuple[str, frozenset[str]], dict[str, float]]:
    """Voltage, current, power and power factor of each place; a place is a kind and its labels."""
    places: dict[tuple[str, frozenset[str]], dict[str, float]] = {}
    for reading in found.outcome.good:
        for suffix in ("voltage_volts", "current_amperes", "power_watts", "power_factor_ratio"):
            kind = reading.metric.removesuffix(f"_{suffix}")
            if kind in ("rack_inlet", "rack_phase", "rack_branch", "rack_outlet"):
                labels = frozenset(f"{label}={text}" for label, text in reading.labels.items())
                assert isinstance(reading.value, int | float)
                places.setdefault((kind, labels), {})[suffix.rpartition("_")[0]] = reading.value
    return places
