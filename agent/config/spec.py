"""Pydantic models of the sections of a site file. Unknown keys are errors.

Each key is described here once; ``rackagent schema config`` prints the models as JSON Schema.
"""

import ipaddress
import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    Strict,
    model_validator,
)

from agent.config.restart import Restart
from agent.model.credentials import AuthProtocol, PrivProtocol
from agent.model.errors import ConfigError
from agent.parse.strict_model import FilePath, NameOrFile, StrictModel
from agent.parse.url import parse_url
from agent.profile.field_types import LabelName, Oid

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_WRITE_TEXT_MAX = 255
_WRITE_RANGES = {"integer": (-(2**31), 2**31 - 1), "gauge": (0, 2**32 - 1)}
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def _duration(value: Any) -> Any:
    if isinstance(value, str):
        match = _DURATION.fullmatch(value)
        if match is None:
            raise ValueError(f"{value!r} is not a duration; write 500ms, 10s, 5m or 1h")
        return float(match.group(1)) * _SECONDS[match.group(2)]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must be a duration such as 10s")
    return value


def _url(text: str) -> str:
    try:
        parse_url(text)
    except ConfigError as error:
        raise ValueError(str(error)) from None
    return text


def _listen(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError(f"{text!r} is not HOST:PORT, for example 127.0.0.1:9847")
    return text


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError(
            f"{text!r} is not a name: letters, digits, '.', '_' and '-', at most 63 of them,"
            " a letter or a digit first"
        )
    return text


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")

Duration = Annotated[float, BeforeValidator(_duration, json_schema_input_type=float | str)]


def duration_s(value: str | float) -> float:
    """Return the seconds of ``90``, ``"500ms"`` or ``"5m"``. Raises ConfigError."""
    try:
        return float(_duration(value))
    except ValueError as error:
        raise ConfigError(str(error)) from None


UrlText = Annotated[str, AfterValidator(_url)]
Listen = Annotated[str, AfterValidator(_listen)]
Name = Annotated[
    str,
    AfterValidator(_name),
    Field(
        description="letters, digits, '.', '_' and '-'; used in labels and topics",
        json_schema_extra={"pattern": f"^{_NAME.pattern}$"},
    ),
]


class SecretSource(StrictModel):
    """A secret from the environment or from a file (the final line break is removed)."""

    env: str | None = None
    file: FilePath | None = None

    @model_validator(mode="after")
    def _one(self) -> "SecretSource":
        if (self.env is None) == (self.file is None):
            raise ValueError("give either 'env' or 'file'")
        return self


Secret = Annotated[
    str | SecretSource, Field(description="{env: NAME}, {file: PATH}, or text (visible to readers)")
]


class AuthSpec(StrictModel):
    """USM authentication."""

    protocol: Annotated[AuthProtocol, Strict(False)] = AuthProtocol.SHA256
    secret: Secret = Field(repr=False)


class PrivSpec(StrictModel):
    """USM privacy."""

    protocol: Annotated[PrivProtocol, Strict(False)] = PrivProtocol.AES128
    secret: Secret = Field(repr=False)


class CredentialsSpec(StrictModel):
    """SNMP credentials: a community for v1 and v2c, a user for v3."""

    version: Literal["1", "2c", "3", 1, 3] = "2c"
    community: Secret | None = Field(None, repr=False)
    user: str | None = None
    auth: AuthSpec | None = None
    priv: PrivSpec | None = None
    context: str = ""

    @model_validator(mode="after")
    def _whole(self) -> "CredentialsSpec":
        if str(self.version) == "3":
            if not self.user:
                raise ValueError("SNMP v3 needs a 'user'")
            if self.community is not None:
                raise ValueError("SNMP v3 has no 'community'; give 'user', 'auth' and 'priv'")
            if self.priv is not None and self.auth is None:
                raise ValueError("privacy without authentication is not possible; add 'auth'")
        elif self.user or self.auth or self.priv:
            raise ValueError("'user', 'auth' and 'priv' belong to version 3")
        elif self.community is None:
            raise ValueError("SNMP v1 and v2c need a 'community'")
        return self


class PositionSpec(StrictModel):
    """Position of a device: the lowest rack unit it occupies, its height in units, and the side."""

    u: int | None = Field(None, ge=1, le=60)
    height: int = Field(1, ge=1, le=60)
    side: Literal["front", "rear", "left", "right"] = "front"


class PollSpec(StrictModel):
    """Polling of a device; missing keys are taken from ``defaults``."""

    interval: Duration | None = Field(None, ge=0.1, le=86400)
    timeout: Duration | None = Field(None, ge=0.05, le=300)
    retries: int | None = Field(None, ge=0, le=10)
    stale_after: Duration | None = Field(None, ge=0.1, le=86400)


class DeviceSpec(PollSpec):
    """A device."""

    name: Name
    url: UrlText
    profile: str = "auto"
    credentials: str | None = None
    role: Name | None = Field(None, description="role in the generation; default: the name")
    position: PositionSpec | None = None
    labels: dict[LabelName, str] = Field(default_factory=dict)
    engine: Literal["native", "pysnmp"] = "native"
    any_source: bool = Field(
        False, description="take SNMP answers from another address or port than the URL's"
    )


class RackSpec(StrictModel):
    """A rack and its devices."""

    name: Name
    model: NameOrFile | None = Field(
        None, description="model that the simulator runs for it: a name or a YAML file"
    )
    generation: NameOrFile | None = Field(
        None, description="generation that 'rackagent commission' checks: a name or a YAML file"
    )
    sheet: FilePath | None = Field(
        None,
        description="build sheet, for 'rackagent commission' and the cables of the network page",
    )
    labels: dict[LabelName, str] = Field(default_factory=dict)
    devices: list[DeviceSpec] = Field(min_length=1)


class PollDefaultsSpec(StrictModel):
    """Polling of every device that does not set its own."""

    interval: Duration = Field(10.0, ge=0.1, le=86400)
    timeout: Duration = Field(2.0, ge=0.05, le=300)
    retries: int = Field(1, ge=0, le=10)
    stale_after: Duration | None = Field(None, ge=0.1, le=86400)


class Listening(StrictModel):
    """A service that listens on an address."""

    listen: Listen

    @property
    def address(self) -> tuple[str, int]:
        """Host and port; an IPv6 address without its brackets."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)


class HttpSpec(Listening):
    """Address and security of the HTTP server: metrics, API and pages."""

    listen: Annotated[Listen, Restart()] = "127.0.0.1:9847"
    web_config: FilePath | None = Field(
        None, description="TLS and passwords, in the web.yml format of Prometheus' exporters"
    )
    siblings: Annotated[list[Listen], Restart()] = Field(
        default_factory=list, description="other agents, HOST:PORT, that /sd lists for Prometheus"
    )


class ReloadSpec(StrictModel):
    """Ways to reload a changed file while the agent runs, beside SIGHUP."""

    http: bool = Field(False, description="POST /-/reload reloads")
    watch: bool = Field(False, description="a change of the file reloads")


def _network(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return ipaddress.ip_network(value)
    except ValueError:
        raise ValueError(
            f"{value!r} is not a network such as 10.20.0.0/16 or 2001:db8::/64, its host bits 0"
        ) from None


Network = Annotated[
    ipaddress.IPv4Network | ipaddress.IPv6Network,
    BeforeValidator(_network, json_schema_input_type=str),
]


class ProbeSpec(StrictModel):
    """Devices outside the configuration that ``GET /probe?target=URL`` may read."""

    networks: list[Network] = Field(
        min_length=1, description="networks of these devices; names are resolved first"
    )

    def allows(self, address: str) -> bool:
        """Return whether the device at this IP address may be read."""
        place = ipaddress.ip_address(address)
        return any(place in network for network in self.networks)


class EventsSpec(StrictModel):
    """The event log: alarms raised and cleared, state changes, devices that stop responding."""

    path: FilePath | None = Field(
        None, description="SQLite file, so that events survive a restart; default: memory"
    )
    max_events: int = Field(
        10_000, ge=10, le=10_000_000, description="above it the oldest inactive events are dropped"
    )


class EvidenceSpec(StrictModel):
    """The evidence of ``rackagent commission``, shown on the pages."""

    folder: FilePath = Field(description="directory with one subdirectory per run")


class TrapsSpec(Listening):
    """Reception of SNMP traps and informs, with the credentials of all devices."""

    listen: Listen = Field(
        "127.0.0.1:1162", description="devices send to port 162, which needs privileges"
    )


class SnmpWriteSpec(StrictModel):
    """One SNMP SET of one instance."""

    device: Name
    oid: Oid = Field(description="OID of the instance, dotted, with its index")
    type: Literal["integer", "gauge", "string"] = Field(
        description="INTEGER (32 bits, signed), Gauge32 (unsigned) or OCTET STRING (UTF-8 text)"
    )
    value: int | str = Field(description="integer, or text if the type is string")

    @model_validator(mode="after")
    def _fits(self) -> "SnmpWriteSpec":
        if self.type == "string":
            if isinstance(self.value, int):
                raise ValueError("the value of a string is text; put it in quotes")
            if len(self.value.encode()) > _WRITE_TEXT_MAX:
                raise ValueError(f"the value is longer than {_WRITE_TEXT_MAX} octets")
            return self
        low, high = _WRITE_RANGES[self.type]
        if isinstance(self.value, str) or not low <= self.value <= high:
            raise ValueError(
                f"the value of {self.type} is a whole number from {low} to {high},"
                f" not {self.value!r}"
            )
        return self


class RegisterWriteSpec(StrictModel):
    """One Modbus write of one holding register (function 6)."""

    device: Name
    register_: int = Field(
        alias="register", ge=0, le=65535, description="0-based address, as on the wire"
    )
    value: int = Field(ge=0, le=65535, description="the 16 bits to write")


class WriteStimulusSpec(StrictModel):
    """A write to a device of this file, done when a hardware test requests the stimulus."""

    write: SnmpWriteSpec | RegisterWriteSpec = Field(
        description="written once, read back and compared: over SNMP device, oid, type and value;"
        " over Modbus TCP device, register and value"
    )
    confirmed: bool = Field(
        False, description="must be true: the effect of this write on the rack has been checked"
    )
