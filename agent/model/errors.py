"""The exception tree: our fault (ConfigError), their fault (DeviceError), and nothing else.

Anything outside this tree that escapes is a bug and must be loud.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar


class RackagentError(Exception):
    """Root of every error this program raises on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in one place of one file.

    ``line`` counts from 1; 0 means the whole file. ``key`` is the dotted path
    (``racks[0].devices[2].url``), empty for the whole file.
    """

    file: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"


class ConfigError(RackagentError):
    """The user's files or arguments are wrong; carries every problem found, not only the first."""

    def __init__(self, problems: Iterable[Problem] | str) -> None:
        self.problems: tuple[Problem, ...] = () if isinstance(problems, str) else tuple(problems)
        text = problems if isinstance(problems, str) else "\n".join(map(str, self.problems))
        super().__init__(text)


class NotCovered(RackagentError):
    """No device gives what a run must watch or see, so that it does not begin; names all of it."""


class DeviceError(RackagentError):
    """The device, or the way to it, failed. Caught once, in the poller; never stops the daemon.

    ``kind`` is the value of the ``kind`` label in ``rackagent_poll_failures_total`` and of
    ``failures[].kind`` in the JSON output.
    """

    kind: ClassVar[str] = "device"


class DeviceTimeout(DeviceError):
    """No answer within the deadline, after every retry."""

    kind = "timeout"


class DeviceUnreachable(DeviceError):
    """The address does not resolve, the port is closed, or the connection broke."""

    kind = "unreachable"


class AuthenticationError(DeviceError):
    """The device refused our credentials, or its answer failed the security checks."""

    kind = "authentication"


class ProtocolError(DeviceError):
    """The answer breaks the protocol: garbage, wrong lengths, a walk that does not increase."""

    kind = "protocol"


class TableTooLarge(ProtocolError):
    """A walk or a cycle brings more than its limits; the rest of the device may be sound."""


class RequestRejected(DeviceError):
    """The device answered with an error (SNMP error-status, Modbus exception code).

    ``code`` is that number as it stood on the wire.
    """

    kind = "rejected"

    def __init__(self, message: str, code: int) -> None:
        self.code = code
        super().__init__(message)


class UnknownDevice(DeviceError):
    """The device answers, but no profile fits it."""

    kind = "unknown_device"
