"""Many racks from one: a configuration repeated, each rack on its own loopback addresses."""

import contextlib
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from agent.config import Config, load_config
from agent.model.errors import ConfigError
from agent.parse.url import Url, parse_url
from agent.parse.yaml_source import load

RACKS_MAX = 250  # one octet of 127.0.x.y each
_FILES = 65_536  # sockets of a fleet, with a margin


def fleet_data(config: Path, racks: int) -> dict[str, Any]:
    """Return the configuration in ``config`` with its racks repeated ``racks`` times.

    Copy x of a device is ``NAME-xxx`` on 127.0.x.y, where y counts the endpoints of a rack; ports
    stay. Raises ConfigError for a wrong file, more racks than addresses, or a serial line.
    """
    load_config(config)
    if not 1 <= racks <= RACKS_MAX:
        raise ConfigError(f"--racks {racks}: must be 1 to {RACKS_MAX}, one address range per rack")
    data = dict(load(config).data)
    if "profiles" in data:
        data["profiles"] = [str((config.parent / folder).resolve()) for folder in data["profiles"]]
    data["racks"] = [{**rack, **_paths(rack, config.parent)} for rack in data["racks"]]
    hosts = _hosts(data["racks"])
    data["racks"] = [
        _copy(rack, number, hosts) for number in range(1, racks + 1) for rack in data["racks"]
    ]
    return data


def write_fleet(config: Path, racks: int, target: Path) -> Config:
    """Write that configuration to ``target``, for the agent that polls it, and load it.

    Raises ConfigError, also if ``target`` cannot be written.
    """
    text = json.dumps(fleet_data(config, racks), indent=1) + "\n"
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{target} cannot be written: {error.strerror}") from None
    return load_config(target)


@contextlib.contextmanager
def fleet_config(config: Path, racks: int) -> Iterator[Config]:
    """Return that configuration, loaded, for a caller that needs no file."""
    with tempfile.TemporaryDirectory() as folder:
        yield write_fleet(config, racks, Path(folder) / config.name)


def raise_file_limit() -> None:
    """Raise the limit of open sockets as far as the system allows: a fleet has one per device."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


def _paths(rack: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """Return the absolute paths of the files that a rack names, for a copy in another folder."""
    named = {key: str(rack.get(key, "")) for key in ("sheet", "model", "generation")}
    files = {key: name for key, name in named.items() if Path(name).suffix}
    return {key: str((folder / name).resolve()) for key, name in files.items()}


def _hosts(racks: list[Mapping[str, Any]]) -> dict[str, int]:
    """Return a number for each endpoint; Modbus units behind one address share theirs."""
    hosts: dict[str, int] = {}
    for rack in racks:
        for device in rack["devices"]:
            url = parse_url(device["url"])
            if url.path:
                raise ConfigError(f"{device['name']}: a serial line cannot be repeated")
            hosts.setdefault(url.line, len(hosts) + 1)
    if len(hosts) > RACKS_MAX:
        raise ConfigError(f"a rack has {len(hosts)} addresses; at most {RACKS_MAX} can be repeated")
    return hosts


def _copy(rack: Mapping[str, Any], number: int, hosts: Mapping[str, int]) -> dict[str, Any]:
    devices = []
    for device in rack["devices"]:
        url = parse_url(device["url"])
        own = Url(url.scheme, f"127.0.{number}.{hosts[url.line]}", url.port, url.unit)
        devices.append(
            {
                **device,
                "role": device.get("role", device["name"]),
                "name": f"{device['name']}-{number:03d}",
                "url": str(own),
            }
        )
    return {**rack, "name": f"{rack['name']}-{number:03d}", "devices": devices}
