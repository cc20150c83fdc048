"""Every recording read with both engines: the same readings, to the last one.

pysnmp takes most of a minute for all of them: CI=true or RACKAGENT_ALL_RECORDINGS=1 reads them all,
else every eighth by size is read.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from agent.authoring.snmprec_read import read_recording
from agent.model.credentials import SnmpCredentials
from agent.model.limits import Limits
from agent.model.values import Failure, Identity, Reading
from agent.parse.url import parse_url
from agent.poll.read_once import Target, read_device
from simulator.wire.mib_view import StaticView
from simulator.wire.snmp_responder import SnmpResponder
from tests.drivers.harness import corpus, library

pytestmark = pytest.mark.corpus

PATIENT = Limits(timeout_s=20.0, retries=0)
Read = tuple[str, Identity, tuple[Failure, ...], list[Reading]]


PARTS = 4  # as many workers of pytest-xdist have something to do


def recordings() -> list[Path]:
    """All of them, or every eighth: the small, the middling and the large."""
    found = sorted((corpus() / "snmp").glob("*/*.snmprec"), key=lambda path: path.stat().st_size)
    wanted = os.environ.get("RACKAGENT_ALL_RECORDINGS") == "1" or os.environ.get("CI") == "true"
    return found if wanted else found[::8]


@asynccontextmanager
async def served(recording: Path) -> AsyncIterator[str]:
    """The URL of a recording as an agent."""
    responder = SnmpResponder(StaticView(read_recording(recording)))
    port = await responder.start("127.0.0.1", 0)
    try:
        yield f"snmp://127.0.0.1:{port}"
    finally:
        responder.close()
        await asyncio.sleep(0)


async def read(url: str, engine: str) -> Read:
    """What one engine makes of a device."""
    target = Target(parse_url(url), SnmpCredentials(), PATIENT, engine)
    found = await read_device(target, library(), name="device")
    assert found.answered
    assert found.profile is not None
    assert found.identity is not None
    readings = [replace(reading, observed_at=0.0) for reading in found.readings]
    return found.profile.name, found.identity, found.failures, readings


@pytest.mark.parametrize("part", range(PARTS))
async def test_both_engines_read_the_same_to_the_last_reading(part: int) -> None:
    total = 0
    for recording in recordings()[part::PARTS]:
        async with served(recording) as url:
            native, pysnmp = await read(url, "native"), await read(url, "pysnmp")
        assert native[:3] == pysnmp[:3], recording.name
        assert native[3] == pysnmp[3], recording.name
        total += len(native[3])
    assert total
