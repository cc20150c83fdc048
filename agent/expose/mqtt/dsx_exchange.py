"""Readings a second time, on topics and in the payload of NVIDIA DSX Exchange; experimental, pure.

Its value message holds a number, Unix milliseconds and a quality flag ("BMS Event Bus 1.0.0" on
docs.nvidia.com/dsx-exchange). What a point is stands in metadata that we do not send: it names
equipment and its relations, which no rack device knows.
"""

import json
import math
from urllib.parse import quote

from agent.config.mqtt import DsxExchange
from agent.expose.mqtt.messages import MqttMessage
from agent.model.values import Quality, Reading

_GOOD, _NOT_GOOD = 1, 0


def value_message(
    config: DsxExchange, site: str, rack: str, reading: Reading
) -> MqttMessage | None:
    """The message, None for what has no number or is no point there."""
    value = reading.value
    if reading.quality is Quality.BAD or not isinstance(value, int | float):
        return None
    if not math.isfinite(value) or (config.points and reading.metric not in config.points):
        return None
    topic = config.template.format(
        site=site,
        rack=rack,
        device=reading.device,
        metric=reading.metric,
        point=config.points.get(reading.metric, ""),
        labels=_labels(reading),
    )
    document = {
        "value": value + 0,  # true is 1
        "timestamp": round(reading.observed_at * 1000),
        "quality": _GOOD if reading.quality is Quality.GOOD else _NOT_GOOD,
    }
    # A reading without labels leaves the place of its labels empty.
    return MqttMessage("/".join(filter(None, topic.split("/"))), json.dumps(document))


def _labels(reading: Reading) -> str:
    """One level per label, escaped so that two series never share a topic."""
    return "/".join(f"{name}={quote(value, safe='')}" for name, value in reading.labels.items())
