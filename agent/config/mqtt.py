"""What a site's YAML may say of its MQTT broker."""

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
        raise ValueError("must be a broker's URL such as mqtt://broker.example:1883") from None
    if parts.username is not None or parts.password is not None:
        raise ValueError("a URL holds no secrets; give 'username' and 'password'")
    if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or port == 0:
        raise ValueError(
            f"{text!r} is no broker's URL; write mqtt://HOST:1883 or mqtts://HOST:8883"
        )
    return text


def _prefix(text: str) -> str:
    if not _PREFIX.fullmatch(text):
        raise ValueError(f"{text!r} is no beginning of a topic: words between '/', no '+' or '#'")
    return text


def _template(text: str) -> str:
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError as error:
        raise ValueError(f"{text!r} is no template: {error}") from None
    named = [name for _, name, _, _ in parts if name is not None]
    for literal, name, form, conversion in parts:
        if name is not None and (name not in _PLACES or form or conversion):
            places = ", ".join(f"{{{place}}}" for place in _PLACES)
            raise ValueError(f"{name!r} is no placeholder; there are: {places}")
        if any(letter in literal for letter in "+#\x00"):
            raise ValueError("a topic that is published to has no '+' and no '#'")
    missing = [f"{{{name}}}" for name in _NEEDED if name not in named]
    if missing:
        raise ValueError(f"{' and '.join(missing)} must stand in it, or readings share a topic")
    return text.strip("/") if "labels" in named else f"{text.strip('/')}/{{labels}}"


def _points(points: dict[str, str]) -> dict[str, str]:
    for metric, point in points.items():
        if metric not in CATALOGUE:
            raise ValueError(f"{metric!r} is no metric; docs/metrics.md lists them")
        if not _POINT.fullmatch(point):
            raise ValueError(f"{point!r} is no point; write OBJECTTYPE/POINTTYPE")
    return points


class HomeAssistantSpec(StrictModel):
    """Announce every series to Home Assistant, which makes entities of them."""

    prefix: Annotated[str, AfterValidator(_prefix)] = Field(
        "homeassistant", description="its discovery prefix"
    )


class DsxExchange(StrictModel):
    """Experimental: readings a second time, in the payload of NVIDIA DSX Exchange."""

    template: Annotated[str, Field(max_length=1000), AfterValidator(_template)] = Field(
        description="a topic with {site}, {rack}, {device}, {metric}, {point} and {labels}, such as"
        " BMS/v1/PUB/Value/{point}/{site}/{rack}/{device}/{metric}"
    )
    points: Annotated[dict[str, str], AfterValidator(_points)] = Field(
        default_factory=dict,
        description="object and point type by metric, such as rack_inlet_power_watts:"
        " PowerMeter/ActivePower; only these metrics are sent; all of them without it",
    )

    @model_validator(mode="after")
    def _whole(self) -> "DsxExchange":
        if "{point}" in self.template and not self.points:
            raise ValueError("'template' has {point}, so 'points' must say which metric is which")
        return self


class OutboxSpec(StrictModel):
    """Where messages wait for the broker; they outlive a restart."""

    path: FilePath = Field(description="an SQLite file, made where it is missing")
    max_messages: int = Field(
        1_000_000, ge=100, le=100_000_000, description="beyond these the oldest are dropped"
    )


class Mqtt(StrictModel):
    """Readings as JSON on ``PREFIX/SITE/RACK/DEVICE/METRIC``, QoS 1."""

    url: Annotated[str, AfterValidator(_broker)]
    outbox: OutboxSpec
    username: str | None = None
    password: Secret | None = Field(None, repr=False)
    ca_file: FilePath | None = Field(None, description="who signs the broker's certificate")
    client_id: Name | None = Field(None, description="rackagent-SITE unless given")
    version: Literal["3.1.1", "5"] = "5"
    prefix: Annotated[str, AfterValidator(_prefix)] = "rack"
    publish: Literal["changes", "all"] = Field(
        "changes", description="readings that changed, or every reading of every poll"
    )
    dead_band: float = Field(
        0.0, ge=0, lt=1, description="as a share of the value last sent; less is no change"
    )
    full_every: Duration = Field(
        300.0, ge=1, le=86400, description="with 'changes': what did not change is sent so often"
    )
    home_assistant: HomeAssistantSpec | None = Field(
        None, description="{} announces every series to Home Assistant"
    )
    dsx_exchange: DsxExchange | None = Field(
        None, description="experimental: readings also as NVIDIA DSX Exchange has them"
    )

    @property
    def host(self) -> str:
        """Where the broker is."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """Its port; the scheme's own unless the URL gives one."""
        parts = urlsplit(self.url)
        return parts.port or _PORTS[parts.scheme]

    @property
    def tls(self) -> bool:
        """Whether the connection is encrypted."""
        return urlsplit(self.url).scheme == "mqtts"

    @property
    def full_every_s(self) -> float:
        """How often what did not change is sent again; 0 where every reading is sent."""
        return self.full_every if self.publish == "changes" else 0.0
