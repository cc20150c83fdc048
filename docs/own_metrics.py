"""The metrics that the agent tells of itself, as it exposes them with every outlet in use."""

import asyncio
import re
from typing import NamedTuple

from agent.commission.journal.run_index import RunIndex
from agent.events.service import EventService
from agent.expose.prometheus.collectors import (
    EventMetrics,
    MqttMetrics,
    ReloadMetrics,
    TransportMetrics,
    TrapMetrics,
)
from agent.expose.prometheus.exposition import PrometheusExposition
from agent.transport.factory import Transports
from agent.web.data.run_metrics import CommissionMetrics


class Family(NamedTuple):
    """One family as Prometheus' text has it."""

    name: str
    kind: str
    help: str


def families() -> list[Family]:
    """All of them, by name; those of the process are Prometheus' own and left out."""
    text = asyncio.run(_text())
    helps = dict(re.findall(r"^# HELP (\S+) (.*)$", text, re.MULTILINE))
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    return [
        Family(name, kinds[name], helps[name])
        for name in sorted(kinds)
        if name.startswith(("rackagent_", "rack_commissioning_"))
    ]


async def _text() -> str:
    exposition, recorder = PrometheusExposition({"pdu": {}}), EventService(None, 10, [], 0.0)
    try:
        for part in (
            CommissionMetrics(RunIndex(None), ""),
            EventMetrics(recorder),
            MqttMetrics(lambda: 0, lambda: 0, lambda: 0),
            ReloadMetrics("", 0.0),
            TransportMetrics(Transports()),
            TrapMetrics({}, {}, {}),
        ):
            exposition.registry.register(part)
        return exposition.render().decode()
    finally:
        await recorder.close()
