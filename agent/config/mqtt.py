"""Models of the ``mqtt`` section of a site file."""

import re
import string
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from agent.config.spec import Duration, Name, Secret
from agent.model.catalogue import CATALOGUE
from agent.parse.strict_model import FilePath, StrictModel

_PORTS = {"mqtt": 1883, "mqtts": 8883}
_PLACES = ("site", "rack", "device", "metric", "point", "labels")
_NEEDED = ("device", "metric")
_POINT = re.compile(r"[A-Za-z0-9]+/[A-Za-z0-9]+")
_PREFIX = re.compile(r"[^+#\x00/]+(?:/[^+#\x00/]+)*")


def _broker(text: str) -> str:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("must be the URL of a broker: mqtt://broker.example:1883") from None
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not contain credentials; give 'username' and 'password'")
    if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or port == 0:
        raise ValueError(
            f"{text!r} is not the URL of a broker; write mqtt://HOST:1883 or mqtts://HOST:8883"
        )
    return text


def _prefix(text: str) -> str:
    if not _PREFIX.fullmatch(text):
        raise ValueError(f"{text!r} is not a topic prefix: levels separated by '/', no '+' or '#'")
    return text


def _template(text: str) -> str:
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError as error:
        raise ValueError(f"{text!r} is not a template: {error}") from None
    named = [name for _, name, _, _ in parts if name is not None]
    for literal, name, form, conversion in parts:
        if name is not None and (name not in _PLACES or form or conversion):
            places = ", ".join(f"{{{place}}}" for place in _PLACES)
            raise ValueError(f"{name!r} is not a placeholder; there are: {places}")
        if any(letter in literal for letter in "+#\x00"):
            raise ValueError("a topic to publish to must not contain '+' or '#'")
    missing = [f"{{{name}}}" for name in _NEEDED if name not in named]
    if missing:
        raise ValueError(f"must contain {' and '.join(missing)}, or readings share a topic")
    return text.strip("/") if "labels" in named else f"{text.strip('/')}/{{labels}}"


def _points(points: dict[str, str]) -> dict[str, str]:
    for metric, point in points.items():
        if metric not in CATALOGUE:
            raise ValueError(f"{metric!r} is not a metric; docs/metrics.md lists them")
        if not _POINT.fullmatch(point):
            raise ValueError(f"{point!r} is not a point; write OBJECTTYPE/POINTTYPE")
    return points


class HomeAssistantSpec(StrictModel):
    """MQTT discovery: every series is announced to Home Assistant, which makes it an entity."""

    prefix: Annotated[str, AfterValidator(_prefix)] = Field(
        "homeassistant", description="discovery prefix of Home Assistant"
    )


class DsxExchange(StrictModel):
    """Experimental: readings are also published in the payload of NVIDIA DSX Exchange."""

    template: Annotated[str, Field(max_length=1000), AfterValidator(_template)] = Field(
        description="a topic with {site}, {rack}, {device}, {metric}, {point} and {labels}, such as"
        " BMS/v1/PUB/Value/{point}/{site}/{rack}/{device}/{metric}"
    )
    points: Annotated[dict[str, str], AfterValidator(_points)] = Field(
        default_factory=dict,
        description="object and point type by metric, such as rack_inlet_power_watts:"
        " PowerMeter/ActivePower; only these metrics are sent; default: all metrics",
    )

    @model_validator(mode="after")
    def _whole(self) -> "DsxExchange":
        if "{point}" in self.template and not self.points:
            raise ValueError("'template' has {point}; add 'points' with the point of each metric")
        return self


class OutboxSpec(StrictModel):
    """The file in which messages wait for the broker. They survive a restart."""

    path: FilePath = Field(description="SQLite file, created if missing")
    max_messages: int = Field(
        1_000_000, ge=100, le=100_000_000, description="above this number the oldest are dropped"
    )


class Mqtt(StrictModel):
    """Readings as JSON on ``PREFIX/SITE/RACK/DEVICE/METRIC``, QoS 1."""

    url: Annotated[str, AfterValidator(_broker)]
    outbox: OutboxSpec
    username: str | None = None
    password: Secret | None = Field(None, repr=False)
    ca_file: FilePath | None = Field(None, description="CA of the broker's certificate")
    client_id: Name | None = Field(None, description="default: rackagent-SITE")
    version: Literal["3.1.1", "5"] = "5"
    prefix: Annotated[str, AfterValidator(_prefix)] = "rack"
    publish: Literal["changes", "all"] = Field(
        "changes", description="only changed readings, or every reading of every poll"
    )
    dead_band: float = Field(
        0.0, ge=0, lt=1, description="smallest change to send, as a share of the value last sent"
    )
    full_every: Duration = Field(
        300.0,
        ge=1,
        le=86400,
        description="with 'changes': interval at which unchanged readings are sent",
    )
    home_assistant: HomeAssistantSpec | None = Field(
        None, description="{} announces every series to Home Assistant"
    )
    dsx_exchange: DsxExchange | None = Field(
        None, description="experimental: also publish in the payload of NVIDIA DSX Exchange"
    )

    @property
    def host(self) -> str:
        """Host of the broker."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """Port of the broker; the default port of the scheme unless the URL gives one."""
        parts = urlsplit(self.url)
        return parts.port or _PORTS[parts.scheme]

    @property
    def tls(self) -> bool:
        """True if the connection is encrypted."""
        return urlsplit(self.url).scheme == "mqtts"

    @property
    def full_every_s(self) -> float:
        """Interval (seconds) at which unchanged readings are sent; 0 if every reading is sent."""
        return self.full_every if self.publish == "changes" else 0.0
