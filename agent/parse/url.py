"""Device addresses as URLs, such as ``snmp://host:161`` and ``modbus+tcp://host:502/1``."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, urlsplit

from agent.model.errors import ConfigError
from agent.parse.yaml_errors import nearest

_DEFAULT_PORTS = {
    "snmp": 161,
    "modbus+tcp": 502,
    "modbus+rtutcp": 502,
    "modbus+asciitcp": 502,
    "modbus+rtu": 0,
    "modbus+ascii": 0,
}
_SERIAL_OPTIONS = {
    "modbus+rtu": ("baudrate", "parity", "stopbits"),
    "modbus+ascii": ("baudrate", "databits", "parity", "stopbits"),
}


class LineSettings(NamedTuple):
    """The settings of a serial line of this machine."""

    baudrate: int
    parity: str
    stopbits: int
    databits: int


@dataclass(frozen=True, slots=True)
class Url:
    """The address of a device. ``unit`` is its Modbus unit id; ``path`` its serial line, if any."""

    scheme: str
    host: str = ""
    port: int = 0
    unit: int = 1
    path: str = ""
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def protocol(self) -> str:
        """``snmp`` or ``modbus``, which decides the profiles that can fit."""
        return self.scheme.partition("+")[0]

    @property
    def serial(self) -> bool:
        """True if the device is on a serial line of this machine."""
        return self.scheme in _SERIAL_OPTIONS

    @property
    def ascii(self) -> bool:
        """True if Modbus frames are ASCII, on a serial line or over TCP."""
        return self.scheme in ("modbus+ascii", "modbus+asciitcp")

    @property
    def line(self) -> str:
        """The line that units share: the serial line's path, or the gateway's ``host:port``."""
        return self.path or f"{self.host}:{self.port}"

    @property
    def settings(self) -> LineSettings:
        """The serial line's settings; what is left open is as Modbus over Serial Line V1.02 says.

        That is 19,200 baud (2.2), even parity and 8 data bits, 7 in ASCII (2.5.1, 2.5.2).
        """
        given = self.options
        return LineSettings(
            int(given.get("baudrate", "19200")),
            given.get("parity", "E"),
            int(given.get("stopbits", "1")),
            int(given.get("databits", "7" if self.ascii else "8")),
        )

    @property
    def line_use(self) -> str:
        """The use of the line that all units on it share: scheme and serial settings."""
        if not self.serial:
            return self.scheme
        baudrate, parity, stopbits, databits = self.settings
        return f"{self.scheme} with {baudrate} baud, {databits}{parity}{stopbits}"

    def with_line(self, baudrate: int, parity: str, stopbits: int) -> "Url":
        """Return this URL with default serial settings if it has none; other URLs unchanged."""
        if not self.serial:
            return self
        line = {"baudrate": str(baudrate), "parity": parity, "stopbits": str(stopbits)}
        return replace(self, options={**line, **self.options})

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        if self.scheme == "snmp":
            return f"snmp://{host}:{self.port}"
        if self.serial:
            query = "&".join(f"{name}={value}" for name, value in self.options.items())
            return f"{self.scheme}://{self.path}/{self.unit}" + (f"?{query}" if query else "")
        return f"{self.scheme}://{host}:{self.port}/{self.unit}"


def parse_url(text: str) -> Url:
    """Parse ``text`` as a device address.

    Raises ConfigError, which names the mistake and the correct form.
    """
    try:
        parts = urlsplit(text)
        parts.hostname  # noqa: B018 - reading it checks the brackets
    except ValueError:
        raise ConfigError(f"{text!r}: write an IPv6 address in brackets: [2001:db8::1]") from None
    try:
        port = parts.port
    except ValueError:
        raise ConfigError(f"{text!r}: the port is a number up to 65535") from None
    scheme = parts.scheme
    if scheme not in _DEFAULT_PORTS:
        close = nearest(scheme, _DEFAULT_PORTS) or list(_DEFAULT_PORTS)
        what = f"unknown scheme {scheme!r}" if scheme else "the scheme is missing"
        raise ConfigError(f"{text!r}: {what}; use {' or '.join(close)}://host:port")
    if parts.username is not None or parts.password is not None:
        raise ConfigError("a URL holds no secrets; name 'credentials' instead")
    if scheme in _SERIAL_OPTIONS:
        return _serial(text, scheme, parts)
    if not parts.hostname:
        raise ConfigError(f"{text!r}: the host is missing; write {scheme}://host:port")
    if parts.query or parts.fragment:
        raise ConfigError(f"{text!r}: no '?' or '#' in a URL of {scheme}")
    unit = 1
    path = parts.path.strip("/")
    if scheme == "snmp" and path:
        raise ConfigError(f"{text!r}: an snmp URL has no path")
    if path:
        unit = _unit(text, path)
    return Url(scheme, parts.hostname, port or _DEFAULT_PORTS[scheme], unit)


def _serial(text: str, scheme: str, parts: SplitResult) -> Url:
    line, _, unit = parts.path.rpartition("/")
    if parts.netloc or not line:
        raise ConfigError(f"{text!r}: write {scheme}:///dev/ttyUSB0/unit?baudrate=19200&parity=N")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    known = _SERIAL_OPTIONS[scheme]
    for name, value in options.items():
        if name not in known:
            raise ConfigError(f"{text!r}: unknown option {name!r}; use {', '.join(known)}")
        if name == "parity" and value not in ("N", "E", "O"):
            raise ConfigError(f"{text!r}: parity is N, E or O, not {value!r}")
        if name == "stopbits" and value not in ("1", "2"):
            raise ConfigError(f"{text!r}: stopbits is 1 or 2, not {value!r}")
        if name == "databits" and value not in ("7", "8"):
            raise ConfigError(f"{text!r}: databits is 7 or 8, not {value!r}")
        if name == "baudrate" and not (value.isdecimal() and 0 < int(value[:9]) < 10**8):
            raise ConfigError(f"{text!r}: baudrate is a number such as 19200, not {value!r}")
    return Url(scheme, unit=_unit(text, unit), path=line, options=options)


def _unit(text: str, path: str) -> int:
    if not path.isdecimal() or len(path) > 3 or int(path) > 255:
        raise ConfigError(f"{text!r}: the path is the unit id, 0 to 255, not {path!r}")
    return int(path)
