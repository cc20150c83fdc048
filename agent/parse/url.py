"""Device addresses as URLs: ``snmp://host:161``, ``modbus+tcp://host:502/1`` and their kin."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, urlsplit

from agent.model.errors import ConfigError
from agent.parse.yaml_errors import nearest

_DEFAULT_PORTS = {"snmp": 161, "modbus+tcp": 502, "modbus+rtutcp": 502, "modbus+rtu": 0}
_SERIAL_OPTIONS = {"baudrate", "parity", "stopbits"}


@dataclass(frozen=True, slots=True)
class Url:
    """Where a device is. ``unit`` is its Modbus unit id; ``path`` the serial line of RTU."""

    scheme: str
    host: str = ""
    port: int = 0
    unit: int = 1
    path: str = ""
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def protocol(self) -> str:
        """``snmp`` or ``modbus``: which profiles can fit."""
        return self.scheme.partition("+")[0]

    @property
    def line(self) -> str:
        """What units share: the serial line's path, or the gateway's ``host:port``."""
        return self.path or f"{self.host}:{self.port}"

    def with_line(self, baudrate: int, parity: str, stopbits: int) -> "Url":
        """Return this serial line with settings for what its URL leaves open; others unchanged."""
        if self.scheme != "modbus+rtu":
            return self
        line = {"baudrate": str(baudrate), "parity": parity, "stopbits": str(stopbits)}
        return replace(self, options={**line, **self.options})

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        if self.scheme == "snmp":
            return f"snmp://{host}:{self.port}"
        if self.scheme == "modbus+rtu":
            query = "&".join(f"{name}={value}" for name, value in self.options.items())
            return f"modbus+rtu://{self.path}/{self.unit}" + (f"?{query}" if query else "")
        return f"{self.scheme}://{host}:{self.port}/{self.unit}"


def parse_url(text: str) -> Url:
    """``text`` as a device address.

    Raises ConfigError that says what is wrong and how to write it.
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
    if scheme == "modbus+rtu":
        return _serial(text, parts.netloc, parts.path, parts.query)
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


def _serial(text: str, netloc: str, path: str, query: str) -> Url:
    line, _, unit = path.rpartition("/")
    if netloc or not line:
        raise ConfigError(f"{text!r}: write modbus+rtu:///dev/ttyUSB0/unit?baudrate=19200&parity=N")
    options = dict(parse_qsl(query, keep_blank_values=True))
    for name, value in options.items():
        if name not in _SERIAL_OPTIONS:
            raise ConfigError(
                f"{text!r}: unknown option {name!r}; use {', '.join(sorted(_SERIAL_OPTIONS))}"
            )
        if name == "parity" and value not in ("N", "E", "O"):
            raise ConfigError(f"{text!r}: parity is N, E or O, not {value!r}")
        if name == "stopbits" and value not in ("1", "2"):
            raise ConfigError(f"{text!r}: stopbits is 1 or 2, not {value!r}")
        if name == "baudrate" and not (value.isdecimal() and 0 < int(value[:9]) < 10**8):
            raise ConfigError(f"{text!r}: baudrate is a number such as 19200, not {value!r}")
    return Url("modbus+rtu", unit=_unit(text, unit), path=line, options=options)


def _unit(text: str, path: str) -> int:
    if not path.isdecimal() or len(path) > 3 or int(path) > 255:
        raise ConfigError(f"{text!r}: the path is the unit id, 0 to 255, not {path!r}")
    return int(path)
