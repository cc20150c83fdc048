"""Options that several commands share, and the device they name."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from agent.config import load_config
from agent.model.credentials import SnmpCredentials, SnmpVersion
from agent.model.errors import ConfigError
from agent.model.limits import Limits
from agent.parse.url import parse_url
from agent.poll.read_once import Target


class Format(StrEnum):
    """Format of results."""

    TABLE = "table"
    JSON = "json"


EngineName = Literal["native", "pysnmp"]

ConfigPath = Annotated[Path, typer.Argument(help="Site configuration (YAML).", show_default=False)]
DeviceUrl = Annotated[
    str,
    typer.Argument(
        help="snmp://HOST[:PORT], modbus+tcp://HOST[:PORT]/UNIT, modbus+rtutcp://HOST:PORT/UNIT,"
        " modbus+rtu:///dev/ttyUSB0/UNIT?baudrate=19200&parity=N; modbus+asciitcp and modbus+ascii"
        " for ASCII frames; IPv6 in brackets.",
        show_default=False,
    ),
]
Community = Annotated[str, typer.Option(help="SNMP community, for v1 and v2c.")]
Version = Annotated[
    SnmpVersion,
    typer.Option(
        "--snmp-version", help="SNMP version: 1 and 2c use --community, 3 needs --credentials."
    ),
]
CredentialsName = Annotated[
    str | None, typer.Option("--credentials", help="Name of the credentials in the --config file.")
]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="Site configuration that defines --credentials.")
]
Timeout = Annotated[float, typer.Option(help="Timeout of one try, in seconds.", min=0.05, max=300)]
Retries = Annotated[int, typer.Option(help="Number of retries.", min=0, max=10)]
Engine = Annotated[EngineName, typer.Option(help="Implementation of SNMP.")]
Folders = Annotated[
    list[Path] | None, typer.Option("--profiles", help="Folder with your own profiles; repeatable.")
]
Output = Annotated[Format, typer.Option("--format", "-f", help="Output format.")]


def login(name: str | None, config: Path | None, fallback: SnmpCredentials) -> SnmpCredentials:
    """Return the credentials ``name`` of the file ``config``; ``fallback`` without a name.

    Raises ConfigError if the file is not given or does not define them.
    """
    if name is None:
        return fallback
    if config is None:
        raise ConfigError("--credentials needs --config FILE, the file that defines them")
    known = load_config(config, need_devices=False).credentials
    if name not in known:
        names = ", ".join(sorted(known)) or "none are defined"
        raise ConfigError(f"{config}: unknown credentials {name!r}; there are: {names}")
    return known[name]


def make_target(
    url: str,
    community: str,
    snmp_version: SnmpVersion,
    credentials: str | None,
    config: Path | None,
    timeout_s: float,
    retries: int,
    engine: EngineName,
) -> Target:
    """Return the device that the options of a command name. Raises ConfigError."""
    if credentials is None and snmp_version is SnmpVersion.V3:
        raise ConfigError("SNMP v3 needs --credentials NAME and --config FILE")
    plain = SnmpCredentials(version=snmp_version, community=community)
    limits = Limits(timeout_s=timeout_s, retries=retries)
    return Target(parse_url(url), login(credentials, config, plain), limits, engine)
