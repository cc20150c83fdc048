"""Records of the configured stimuli: commands, and confirmed writes to devices."""

from collections.abc import Mapping
from dataclasses import dataclass

from agent.config.spec import SnmpWriteSpec, WriteStimulusSpec
from agent.model import smi
from agent.model.credentials import SnmpCredentials
from agent.parse.url import Url

_TAGS: Mapping[str, int] = {
    "integer": smi.INTEGER,
    "gauge": smi.GAUGE32,
    "string": smi.OCTET_STRING,
}


@dataclass(frozen=True, slots=True)
class Command:
    """A program and its arguments."""

    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SnmpWrite:
    """One SNMP SET. ``oid`` is BER content octets, ``tag`` the type of ``value``."""

    device: str
    url: Url
    credentials: SnmpCredentials
    timeout_s: float
    oid: bytes
    tag: int
    value: int | bytes


@dataclass(frozen=True, slots=True)
class RegisterWrite:
    """One Modbus write of one holding register; ``register`` is 0-based as on the wire."""

    device: str
    url: Url
    timeout_s: float
    register: int
    value: int


Stimulus = Command | SnmpWrite | RegisterWrite


def stimulus(
    spec: list[str] | WriteStimulusSpec,
    devices: Mapping[str, tuple[Url, SnmpCredentials, float]],
) -> Stimulus:
    """Return the record of a checked entry.

    ``devices`` maps each device name to its URL, credentials and timeout (seconds).
    """
    if isinstance(spec, list):
        return Command(tuple(spec))
    write = spec.write
    url, credentials, timeout_s = devices[write.device]
    if not isinstance(write, SnmpWriteSpec):
        return RegisterWrite(write.device, url, timeout_s, write.register_, write.value)
    value = write.value.encode() if isinstance(write.value, str) else write.value
    oid, tag = smi.oid(write.oid), _TAGS[write.type]
    return SnmpWrite(write.device, url, credentials, timeout_s, oid, tag, value)
