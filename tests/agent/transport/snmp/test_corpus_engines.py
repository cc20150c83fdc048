"""Every recording read with both engines: the same readings, to the last one.

pysnmp takes most of a minute for all of them: CI=true or RACKAGENT_ALL_RECORDINGS=1 reads them all,
else every eighth by size is read.
"""

import asyncio
import os
import time
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
from agent.poll.poller import open_session, read_once
from agent.transport.factory import Transports
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
    async with Transports() as transports:
        transport = await transports.open(parse_url(url), SnmpCredentials(), PATIENT, engine)
        try:
            session = await open_session("device", transport, "snmp", "auto", library())
            blocks, failures, up = await read_once(session, transport, time.monotonic())
        finally:
            await transport.close()
    assert up
    readings = [
        replace(reading, observed_at=0.0)
        for position in sorted(blocks)
        for block in blocks[position]
        for reading in block.readings()
    ]
    return session.profile.name, session.identity, failures, readings


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
