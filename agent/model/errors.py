"""The exception tree: ConfigError for wrong files or arguments, DeviceError for failed devices.

Any other exception that escapes is a bug and ends the program.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar


class RackagentError(Exception):
    """The root of all errors that this program raises on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One error at one place in a file.

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
    """Files or arguments of the user are wrong; contains all problems found, not only the first."""

    def __init__(self, problems: Iterable[Problem] | str) -> None:
        self.problems: tuple[Problem, ...] = () if isinstance(problems, str) else tuple(problems)
        text = problems if isinstance(problems, str) else "\n".join(map(str, self.problems))
        super().__init__(text)


class NotCovered(RackagentError):
    """No device gives what a run must watch or see, so that it does not begin; names all of it."""


class DeviceError(RackagentError):
    """The device or its network path failed. The poller catches it; it never stops the daemon.

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
    """The device rejected the credentials, or its answer failed the security checks."""

    kind = "authentication"


class ProtocolError(DeviceError):
    """The answer violates the protocol: undecodable, wrong length, a walk without progress."""

    kind = "protocol"


class TableTooLarge(ProtocolError):
    """A walk or a cycle brings more than its limits; the rest of the device may be sound."""


class RequestRejected(DeviceError):
    """The device answered with an error (SNMP error-status, Modbus exception code).

    ``code`` is that number as received.
    """

    kind = "rejected"

    def __init__(self, message: str, code: int) -> None:
        self.code = code
        super().__init__(message)


class UnknownDevice(DeviceError):
    """The device answers, but no profile matches it."""

    kind = "unknown_device"
