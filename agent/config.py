"""What a site's YAML may say: racks, devices, credentials, outputs; checked as a whole.

``load_config`` reports every problem of the file at once, with file, line and key, including those
that need the device library (unknown profiles) or the environment (secrets).
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from agent.credentials import AuthProtocol, PrivProtocol, SnmpCredentials, SnmpVersion
from agent.document import Document, load
from agent.errors import ConfigError, Problem
from agent.profile.library import Library, open_library
from agent.url import Url, parse_url

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SECRET_MAX = 64 * 1024


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


Duration = Annotated[float, BeforeValidator(_duration, json_schema_input_type=float | str)]
UrlText = Annotated[str, AfterValidator(_url)]
Listen = Annotated[str, AfterValidator(_listen)]
Name = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$",
        description="letters, digits, '.', '_' and '-'; it stands in labels and topics",
    ),
]
LabelName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
RESERVED_LABELS = frozenset(
    {"site", "rack", "device", "state", "le", "quantile", "job", "instance"}
)


class Model(BaseModel):
    """Base: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SecretSource(Model):
    """A secret from the environment or from a file (its last line break is dropped)."""

    env: str | None = None
    file: Path | None = None

    @model_validator(mode="after")
    def _one(self) -> "SecretSource":
        if (self.env is None) == (self.file is None):
            raise ValueError("a secret has either 'env' or 'file'")
        return self


Secret = Annotated[
    str | SecretSource, Field(description="{env: NAME}, {file: PATH}, or text (visible to readers)")
]


class AuthSpec(Model):
    """USM authentication."""

    protocol: AuthProtocol = AuthProtocol.SHA256
    secret: Secret


class PrivSpec(Model):
    """USM privacy."""

    protocol: PrivProtocol = PrivProtocol.AES128
    secret: Secret


class CredentialsSpec(Model):
    """Who we are: a community for v1 and v2c, a user for v3."""

    version: Literal["1", "2c", "3", 1, 3] = "2c"
    community: Secret | None = None
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


class PositionSpec(Model):
    """Where a device sits: the lowest rack unit it fills, its height, and the side."""

    u: int | None = Field(None, ge=1, le=60)
    height: int = Field(1, ge=1, le=60)
    side: Literal["front", "rear", "left", "right"] = "front"


class PollSpec(Model):
    """How a device is polled; what is not given comes from ``defaults``."""

    interval: Duration | None = Field(None, ge=0.1, le=86400)
    timeout: Duration | None = Field(None, ge=0.05, le=300)
    retries: int | None = Field(None, ge=0, le=10)
    stale_after: Duration | None = Field(None, ge=0.1, le=86400)


class DeviceSpec(PollSpec):
    """One device."""

    name: Name
    url: UrlText
    profile: str = "auto"
    credentials: str | None = None
    role: Name | None = Field(None, description="its place in the generation; the name by default")
    position: PositionSpec | None = None
    labels: dict[LabelName, str] = Field(default_factory=dict)
    engine: Literal["native", "pysnmp"] = "native"


class RackSpec(Model):
    """One rack and what is in it."""

    name: Name
    generation: str | None = None
    labels: dict[LabelName, str] = Field(default_factory=dict)
    devices: list[DeviceSpec] = Field(min_length=1)


class DefaultsSpec(Model):
    """Polling for every device that does not say otherwise."""

    interval: Duration = Field(10.0, ge=0.1, le=86400)
    timeout: Duration = Field(2.0, ge=0.05, le=300)
    retries: int = Field(1, ge=0, le=10)
    stale_after: Duration | None = Field(None, ge=0.1, le=86400)


class HttpSpec(Model):
    """Where metrics, the API and the start page are served."""

    listen: Listen = "127.0.0.1:9847"


class SiteSpec(Model):
    """The whole file."""

    schema_: str | None = Field(None, alias="$schema")
    site: Name = "default"
    profiles: list[Path] = Field(default_factory=list, description="folders of your own profiles")
    credentials: dict[Name, CredentialsSpec] = Field(default_factory=dict)
    defaults: DefaultsSpec = Field(default_factory=DefaultsSpec)
    http: HttpSpec = Field(default_factory=HttpSpec)
    racks: list[RackSpec] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DeviceConfig:
    """One device with every default filled in and every name resolved. Times in seconds."""

    name: str
    rack: str
    site: str
    url: Url
    profile: str
    credentials: SnmpCredentials
    interval_s: float
    timeout_s: float
    retries: int
    stale_after_s: float
    labels: Mapping[str, str]
    position: PositionSpec | None
    engine: str
    role: str
    generation: str | None


@dataclass(frozen=True, slots=True)
class Config:
    """A checked configuration. ``warnings`` are worth a line, not a refusal."""

    file: str
    site: str
    listen_host: str
    listen_port: int
    devices: tuple[DeviceConfig, ...]
    credentials: Mapping[str, SnmpCredentials]
    library: Library
    warnings: tuple[str, ...] = ()


def load_config(
    path: Path, environment: Mapping[str, str] | None = None, *, need_devices: bool = True
) -> Config:
    """Read and check ``path``.

    Raises ConfigError with every problem: syntax, keys, types, duplicate names, unknown profiles
    and credentials, secrets that are not set, and (where ``need_devices``) no device at all.
    """
    document = load(path)
    spec = document.validate(SiteSpec)
    if need_devices and not spec.racks:
        raise ConfigError([document.problem((), "has no 'racks': nothing would be polled")])
    return _Resolver(document, spec, os.environ if environment is None else environment).resolve()


class _Resolver:
    """Turns the checked file into records; collects problems instead of stopping at the first."""

    def __init__(self, document: Document, spec: SiteSpec, environment: Mapping[str, str]) -> None:
        self._document = document
        self._spec = spec
        self._environment = environment
        self._base = Path(document.file).parent
        self._problems: list[Problem] = []
        self._warnings: list[str] = []

    def resolve(self) -> Config:
        library = self._library()
        credentials = {
            name: self._credentials(("credentials", name), spec)
            for name, spec in self._spec.credentials.items()
        }
        devices = tuple(self._devices(library, credentials))
        if self._problems:
            raise ConfigError(self._problems)
        host, _, port = self._spec.http.listen.rpartition(":")
        return Config(
            file=self._document.file,
            site=self._spec.site,
            listen_host=host.strip("[]"),
            listen_port=int(port),
            devices=devices,
            credentials=credentials,
            library=library,
            warnings=tuple(self._warnings),
        )

    def _say(self, key: tuple[str | int, ...], message: str) -> None:
        self._problems.append(self._document.problem(key, message))

    def _library(self) -> Library:
        try:
            return open_library(self._base / folder for folder in self._spec.profiles)
        except ConfigError as error:
            self._say(("profiles",), str(error))
            return open_library()

    def _secret(self, key: tuple[str | int, ...], source: str | SecretSource) -> str:
        if isinstance(source, str):
            if source != "public":
                self._warnings.append(
                    f"{self._document.file}:{self._document.line(key)}: {'.'.join(map(str, key))}:"
                    " a secret stands in the file; use {env: NAME} or {file: PATH}"
                )
            return source
        if source.env is not None:
            value = self._environment.get(source.env)
            if value is None:
                self._say((*key, "env"), f"environment variable {source.env} is not set")
            return value or ""
        path = self._base / str(source.file)
        try:
            with path.open(encoding="utf-8") as stream:
                return stream.read(_SECRET_MAX).rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not UTF-8 text"
            self._say((*key, "file"), f"secret file {source.file} cannot be read: {reason}")
            return ""

    def _credentials(self, key: tuple[str | int, ...], spec: CredentialsSpec) -> SnmpCredentials:
        community = spec.community
        secrets = {
            name: self._secret((*key, name, "secret"), part.secret) if part else ""
            for name, part in (("auth", spec.auth), ("priv", spec.priv))
        }
        for name, part in (("auth", spec.auth), ("priv", spec.priv)):
            if part and secrets[name] and len(secrets[name]) < 8:
                self._say((*key, name, "secret"), "SNMP v3 secrets have at least 8 characters")
        return SnmpCredentials(
            version=SnmpVersion(str(spec.version)),
            community="" if community is None else self._secret((*key, "community"), community),
            user=spec.user or "",
            auth_protocol=spec.auth.protocol if spec.auth else None,
            auth_secret=secrets["auth"],
            priv_protocol=spec.priv.protocol if spec.priv else None,
            priv_secret=secrets["priv"],
            context=spec.context,
        )

    def _devices(
        self, library: Library, credentials: Mapping[str, SnmpCredentials]
    ) -> Iterator[DeviceConfig]:
        names: dict[str, int] = {}
        racks: dict[str, int] = {}
        for rack_place, rack in enumerate(self._spec.racks):
            rack_key: tuple[str | int, ...] = ("racks", rack_place)
            self._unique(racks, rack.name, (*rack_key, "name"), "rack")
            self._check_labels((*rack_key, "labels"), rack.labels)
            for place, device in enumerate(rack.devices):
                key = (*rack_key, "devices", place)
                self._unique(names, device.name, (*key, "name"), "device")
                self._check_labels((*key, "labels"), device.labels)
                yield self._device(rack, device, key, library, credentials)

    def _unique(
        self, seen: dict[str, int], name: str, key: tuple[str | int, ...], what: str
    ) -> None:
        if name in seen:
            self._say(key, f"{what} {name!r} already stands in line {seen[name]}")
        seen.setdefault(name, self._document.line(key))

    def _check_labels(self, key: tuple[str | int, ...], labels: Mapping[str, str]) -> None:
        for name in RESERVED_LABELS.intersection(labels):
            self._say((*key, name), f"label {name!r} is given by the agent; choose another name")

    def _device(
        self,
        rack: RackSpec,
        device: DeviceSpec,
        key: tuple[str | int, ...],
        library: Library,
        credentials: Mapping[str, SnmpCredentials],
    ) -> DeviceConfig:
        url = parse_url(device.url)
        self._check_profile(library, device, url, key)
        chosen = SnmpCredentials()
        if device.credentials is not None:
            if device.credentials not in credentials:
                known = ", ".join(sorted(credentials)) or "none are defined"
                message = f"unknown credentials {device.credentials!r}; there are: {known}"
                self._say((*key, "credentials"), message)
            chosen = credentials.get(device.credentials, chosen)
        defaults = self._spec.defaults
        interval = device.interval or defaults.interval
        timeout = device.timeout or defaults.timeout
        stale = device.stale_after or defaults.stale_after
        return DeviceConfig(
            name=device.name,
            rack=rack.name,
            site=self._spec.site,
            url=url,
            profile=device.profile,
            credentials=chosen,
            interval_s=interval,
            timeout_s=timeout,
            retries=defaults.retries if device.retries is None else device.retries,
            stale_after_s=stale or 3 * interval,
            labels={**rack.labels, **device.labels},
            position=device.position,
            engine=device.engine,
            role=device.role or device.name,
            generation=rack.generation,
        )

    def _check_profile(
        self, library: Library, device: DeviceSpec, url: Url, key: tuple[str | int, ...]
    ) -> None:
        if device.profile == "auto":
            return
        try:
            profile = library.get(device.profile)
        except ConfigError as error:
            if error.problems:
                self._problems += error.problems
            else:
                self._say((*key, "profile"), str(error))
            return
        if profile.protocol != url.protocol:
            message = f"{profile.name} speaks {profile.protocol}, the URL is {url.scheme}"
            self._say((*key, "profile"), message)
