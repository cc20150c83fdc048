"""Loading of a site file into checked records. All problems of the file are reported at once."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent.config.checks import Findings, cross_check
from agent.config.site import SiteSpec
from agent.config.spec import CredentialsSpec, DeviceSpec, PositionSpec, RackSpec
from agent.config.stimuli import Stimulus, stimulus
from agent.config.web import Web, load_web
from agent.model.credentials import SnmpCredentials, SnmpVersion
from agent.model.errors import ConfigError, Problem
from agent.model.limits import INTERVALS_UNTIL_STALE
from agent.parse.url import Url, parse_url
from agent.parse.yaml_source import Document, load
from agent.profile.library import Library
from agent.profile.spec_modbus import Quirks


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
    any_source: bool
    role: str


@dataclass(frozen=True, slots=True)
class Config:
    """A checked configuration: the keys of the file as ``spec``, and records made from them.

    Relative paths of the file are resolved against its folder. ``stimuli`` maps the names that
    tests use to commands and confirmed writes. ``warnings`` do not prevent the agent from running.
    """

    file: str
    spec: SiteSpec
    devices: tuple[DeviceConfig, ...]
    credentials: Mapping[str, SnmpCredentials]
    library: Library
    warnings: tuple[str, ...] = ()
    stimuli: Mapping[str, Stimulus] = field(default_factory=dict)
    web: Web = field(default_factory=Web)
    mqtt_password: str | None = field(default=None, repr=False)

    def rack(self, name: str) -> RackSpec:
        """Return the entry of a rack in the file. Raises KeyError for an unknown rack."""
        return {rack.name: rack for rack in self.spec.racks}[name]

    def rack_problem(self, name: str, key: str, message: str) -> Problem:
        """Return a problem with the key of a rack, with its line of the file.

        Raises ConfigError when the file cannot be read again, ValueError for an unknown rack.
        """
        place = [rack.name for rack in self.spec.racks].index(name)
        return load(Path(self.file)).problem(("racks", place, key), message)

    def quirks(self) -> dict[str, Quirks]:
        """Return the combined quirks of the devices of each Modbus line, by ``Url.line``.

        Devices with profile ``auto`` count as devices without quirks.
        """
        found: dict[str, Quirks] = {}
        for device in self.devices:
            if device.url.protocol == "modbus" and device.profile != "auto":
                own = self.library.get(device.profile).quirks
                found[device.url.line] = found.get(device.url.line, Quirks()).joined(own)
        return found


def load_config(
    path: Path,
    environment: Mapping[str, str] | None = None,
    *,
    need_devices: bool = True,
    web_config: Path | None = None,
) -> Config:
    """Read and check ``path``; ``environment`` is that of the process unless given.

    ``web_config`` replaces the file that ``http.web_config`` names. Neither is read without
    ``need_devices``: nothing is served then, and the user may not be allowed to read the TLS key.

    Raises ConfigError with every problem: syntax, keys, types, duplicate names, unknown or broken
    profiles, unknown credentials, unreadable secrets, and (with ``need_devices``) no device at all.
    """
    document = load(path)
    problems: list[Problem] = []
    spec = SiteSpec()
    try:
        spec = document.validate(SiteSpec)
    except ConfigError as error:
        problems += error.problems
    found = cross_check(document, os.environ if environment is None else environment)
    problems += found.problems
    web = Web()
    if need_devices:
        if document.data.get("racks", []) == []:
            problems.append(document.problem((), "has no 'racks': nothing would be polled"))
        try:
            web = _web(spec, web_config)
        except ConfigError as error:
            problems += error.problems
    if problems:
        problems.sort(key=lambda problem: (problem.file != document.file, problem.line))
        raise ConfigError(dict.fromkeys(problems))
    config = replace(_records(document.file, spec, found), web=web)
    if problems := list(_lines_at_odds(document, config)):
        raise ConfigError(problems)
    return config


def _lines_at_odds(document: Document, config: Config) -> Iterator[Problem]:
    """Yield devices that use a Modbus line in another way than an earlier device on it."""
    places = [
        ("racks", rack, "devices", device, "url")
        for rack, each in enumerate(config.spec.racks)
        for device in range(len(each.devices))
    ]
    first: dict[str, DeviceConfig] = {}
    for key, device in zip(places, config.devices, strict=True):
        url = device.url
        if url.protocol != "modbus":
            continue
        other = first.setdefault(url.line, device)
        if other.url.line_use != url.line_use:
            message = (
                f"{device.name} uses {url.line} as {url.line_use}, but {other.name} uses it as"
                f" {other.url.line_use}; devices of one line share its settings"
            )
            if url.serial:
                message += ": write them into both URLs (?baudrate=19200&parity=E&stopbits=1)"
            yield document.problem(key, message)


def _web(spec: SiteSpec, instead: Path | None) -> Web:
    file = instead or spec.http.web_config
    return Web() if file is None else load_web(file)


def _records(file: str, spec: SiteSpec, found: Findings) -> Config:
    credentials = {
        name: _credentials(name, given, found) for name, given in spec.credentials.items()
    }
    devices = tuple(_devices(spec, credentials, found.library))
    ways = {device.name: (device.url, device.credentials, device.timeout_s) for device in devices}
    return Config(
        file=file,
        spec=spec,
        devices=devices,
        credentials=credentials,
        library=found.library,
        warnings=tuple(found.warnings),
        stimuli={name: stimulus(given, ways) for name, given in spec.stimuli.items()},
        mqtt_password=found.secrets.get(("mqtt", "password")),
    )


def _credentials(name: str, spec: CredentialsSpec, found: Findings) -> SnmpCredentials:
    key = ("credentials", name)
    return SnmpCredentials(
        version=SnmpVersion(str(spec.version)),
        community=found.secrets.get((*key, "community"), ""),
        user=spec.user or "",
        auth_protocol=spec.auth.protocol if spec.auth else None,
        auth_secret=found.secrets.get((*key, "auth", "secret"), ""),
        priv_protocol=spec.priv.protocol if spec.priv else None,
        priv_secret=found.secrets.get((*key, "priv", "secret"), ""),
        context=spec.context,
    )


def _devices(
    spec: SiteSpec, credentials: Mapping[str, SnmpCredentials], library: Library
) -> Iterator[DeviceConfig]:
    for rack in spec.racks:
        for device in rack.devices:
            yield _device(spec, rack, device, credentials, library)


def _device(
    spec: SiteSpec,
    rack: RackSpec,
    device: DeviceSpec,
    credentials: Mapping[str, SnmpCredentials],
    library: Library,
) -> DeviceConfig:
    defaults = spec.defaults
    url = parse_url(device.url)
    if device.profile != "auto":
        serial = library.get(device.profile).serial
        url = url.with_line(serial.baudrate, serial.parity, serial.stopbits)
    interval = device.interval or defaults.interval
    stale_after = device.stale_after or defaults.stale_after
    return DeviceConfig(
        name=device.name,
        rack=rack.name,
        site=spec.site,
        url=url,
        profile=device.profile,
        credentials=credentials[device.credentials] if device.credentials else SnmpCredentials(),
        interval_s=interval,
        timeout_s=device.timeout or defaults.timeout,
        retries=defaults.retries if device.retries is None else device.retries,
        stale_after_s=stale_after or INTERVALS_UNTIL_STALE * interval,
        labels={**rack.labels, **device.labels},
        position=device.position,
        engine=device.engine,
        any_source=device.any_source,
        role=device.role or device.name,
    )
