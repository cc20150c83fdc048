"""Reads a profile against a recording, and compares with what others say.

A reading is found by the OID it came from: names and labels are this project's own, the OID and the
number are not. The oracle is LibreNMS; where it is wrong the test says which row and why.
"""

import json
import math
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from agent.authoring.snmprec_read import read_recording
from agent.model.catalogue import CATALOGUE, Kind
from agent.model.series import OidSource
from agent.model.units import unit
from agent.model.values import Failure, Quality, Reading
from agent.normalise.snmp import SnmpNormaliser
from agent.plan import make_plan
from agent.profile.library import Library, open_library
from agent.profile.points import Profile
from agent.transport.base import Transport
from agent.transport.memory import MemoryTransport

PROFILES = Path(__file__).parents[2] / "drivers" / "profiles"
_BESIDE = Path(__file__).parents[3] / "shared" / "corpus"

UNITS = {
    "voltage": "V",
    "current": "A",
    "power": "W",
    "power_consumed": "kWh",
    "frequency": "Hz",
    "temperature": "degC",
    "fanspeed": "rpm",
    "power_factor": "ratio",
    "humidity": "%",
    "percent": "%",
    "load": "%",
    "charge": "%",
    "waterflow": "L/min",
    "airflow": "cfm",
    "pressure": "kPa",
    "dbm": "dBm",
}
"""The unit of each LibreNMS sensor class that becomes a number here; ``state`` is compared raw."""

RELATIVE_ERROR = 1e-6


@cache
def library() -> Library:
    """The shipped profiles, read from the checkout."""
    return open_library([PROFILES])


@dataclass(frozen=True)
class Outcome:
    """Everything one or more cycles gave."""

    readings: tuple[Reading, ...]
    failures: tuple[Failure, ...]

    @property
    def good(self) -> list[Reading]:
        """The readings that carry a value."""
        return [r for r in self.readings if r.quality is Quality.GOOD]

    def value(self, metric: str, **labels: str) -> object:
        """The value of the one reading of ``metric`` with exactly these labels."""
        found = [r for r in self.readings if r.metric == metric and dict(r.labels) == labels]
        if len(found) != 1:
            have = [dict(r.labels) for r in self.readings if r.metric == metric]
            raise AssertionError(f"{metric}{labels}: {len(found)} readings; there are {have}")
        return found[0].value

    def at(self, oid: str) -> list[Reading]:
        """The readings that came from this OID."""
        return [r for r in self.readings if r.source == OidSource(oid)]

    def duplicates(self) -> list[str]:
        """Series that are read more than once."""
        keys = Counter((r.metric, tuple(sorted(r.labels.items()))) for r in self.readings)
        return [f"{metric}{dict(labels)}" for (metric, labels), n in keys.items() if n > 1]


async def read(profile: Profile, transport: Transport) -> Outcome:
    """Two full cycles, as a poller would after start-up; the readings are the second one's."""
    plan = make_plan(profile)
    normaliser = SnmpNormaliser("device", profile)
    for _ in range(2):
        answers = {n: await transport.fetch(request) for n, request in enumerate(plan.requests)}
        result = normaliser.normalise(answers)
    readings = [
        reading
        for blocks in result.blocks.values()
        for block in blocks
        for reading in block.readings()
    ]
    return Outcome(tuple(readings), result.failures)


def corpus() -> Path:
    """Return the folder of recorded devices; without one skip the test, or fail it in CI."""
    folder = Path(os.environ.get("RACKAGENT_CORPUS", _BESIDE))
    if not folder.is_dir():
        message = f"no recorded devices at {folder} (set RACKAGENT_CORPUS)"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return folder


@dataclass(frozen=True)
class Comparison:
    """A recording read with a profile, beside the oracle's rows."""

    outcome: Outcome
    expected: tuple[Mapping[str, Any], ...]

    def rows(self, classes: Iterable[str] | None = None) -> list[Mapping[str, Any]]:
        """The oracle's trustworthy rows of these classes (of all unless given)."""
        wanted = None if classes is None else set(classes)
        return [
            row
            for row in self.expected
            if row["verdict"] == "ok" and (wanted is None or row["cls"] in wanted)
        ]

    def unread(self, classes: Iterable[str] | None = None) -> list[Mapping[str, Any]]:
        """Rows that no reading agrees with: those of ``missing`` and of ``wrong``."""
        return [
            row
            for row in self.rows(classes)
            if not any(agrees(row, reading) for reading in self.outcome.at(row["oid"]))
        ]

    def missing(self, classes: Iterable[str] | None = None) -> list[str]:
        """Rows of the oracle that no reading came from."""
        return [_spell(row) for row in self.rows(classes) if not self.outcome.at(row["oid"])]

    def wrong(self, classes: Iterable[str] | None = None) -> list[str]:
        """Rows whose reading is bad or differs."""
        found = []
        for row in self.rows(classes):
            readings = self.outcome.at(row["oid"])
            if readings and not any(agrees(row, reading) for reading in readings):
                shown = ", ".join(f"{r.metric}={r.value!r} {r.reason}" for r in readings)
                found.append(f"{_spell(row)}: {shown}")
        return found

    def sentinels(self, *values: int) -> list[str]:
        """Good readings whose raw value is one of the device's ways to say 'none'."""
        return [
            f"{reading.metric} {reading.source} raw {reading.raw!r}"
            for reading in self.outcome.good
            if reading.raw in values and CATALOGUE[reading.metric].kind is not Kind.STATE
        ]


async def compare(recording: str, profile: str) -> Comparison:
    """Read ``recording`` (``pdu/apc_ap8853``) with ``profile``."""
    stem = corpus() / "snmp" / recording
    rows = read_recording(stem.with_name(stem.name + ".snmprec"))
    transport = MemoryTransport({oid: (tag, value) for oid, tag, value in rows})
    outcome = await read(library().get(profile), transport)
    text = stem.with_name(stem.name + ".expected.json").read_text(encoding="utf-8")
    return Comparison(outcome, tuple(json.loads(text)["sensors"]))


def agrees(row: Mapping[str, Any], reading: Reading) -> bool:
    """Whether a reading says what the oracle's row says, in the base unit.

    Of a state the oracle gives the raw value: a state, or yes or no, from the same OID agrees.
    """
    if reading.value is None:
        return False
    if row["cls"] == "state":
        return CATALOGUE[reading.metric].kind is Kind.STATE or reading.value in (0, 1)
    if row["cls"] not in UNITS or not isinstance(reading.value, int | float):
        return False
    native = unit(UNITS[row["cls"]])
    if reading.unit in ("VA", "VAr"):  # the oracle files apparent and reactive power under power
        native = unit(reading.unit)
    if reading.unit == "K":  # and a difference of temperatures under temperature
        native = unit("delta_degC")
    want = float(row["expected"] * native.factor + native.offset)
    return reading.unit == native.base and math.isclose(
        reading.value, want, rel_tol=RELATIVE_ERROR, abs_tol=1e-12
    )


def _spell(row: Mapping[str, Any]) -> str:
    return f"{row['cls']} {row['oid']} {row['descr']!r} = {row['expected']} {row['unit']}"
