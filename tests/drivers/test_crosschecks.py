"""Cross checks over every recording: what physics doubts there is known, row by row."""

from collections import Counter

import pytest

from agent.authoring.check_profile import read_recorded
from agent.authoring.snmprec_read import read_recording
from agent.model.errors import UnknownDevice
from agent.model.values import Quality
from agent.poll.identify import identify
from agent.transport.memory import MemoryTransport
from tests.drivers.harness import corpus, library
from tests.drivers.recordings import RECORDINGS

pytestmark = pytest.mark.corpus

DOUBTED = {
    # The third phase says 205 V, 3.18 A, power factor 1 and no power at all.
    "pdu/enlogic-pdu_v2": {
        "power 0 W is not voltage 205 V times current 3.18 A times power factor 1": 4
    },
}
"""Recordings in which readings contradict each other: the reasons, and how many readings."""


async def test_only_real_contradictions_are_doubted() -> None:
    found = {}
    for name in RECORDINGS:
        file = corpus() / "snmp" / f"{name}.snmprec"
        cells = {oid: (tag, value) for oid, tag, value in read_recording(file)}
        try:
            known = await identify(MemoryTransport(cells), "snmp", library().all())
        except UnknownDevice:
            continue
        witness = await read_recorded(known.profile, file, library())
        doubts = Counter(r.reason for r in witness.readings if r.quality is Quality.UNCERTAIN)
        if doubts:
            found[f"{file.parent.name}/{file.stem}"] = dict(doubts)
    assert found == DOUBTED
