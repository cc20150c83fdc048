"""The exit status of commands."""

from enum import IntEnum

from agent.model.errors import DeviceError, NotCovered, RackagentError, UnknownDevice


class Status(IntEnum):
    """The exit status of a command."""

    SUCCESS = 0
    CHECK_FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    NOT_COVERED = 4


def status_of(error: RackagentError) -> Status:
    """Return the exit status for an error; USAGE for a mistake in a file or an argument."""
    if isinstance(error, NotCovered):
        return Status.NOT_COVERED
    if isinstance(error, UnknownDevice):
        return Status.CHECK_FAILED
    return Status.UNREACHABLE if isinstance(error, DeviceError) else Status.USAGE
