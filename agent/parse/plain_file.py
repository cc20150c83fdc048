"""Open and read files that others made: neither a pipe nor an endless device is waited for."""

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path


def open_plain(path: Path, *, follow: bool = True) -> BufferedReader:
    """Open a regular file for reading.

    Raises OSError, also for a directory, pipe, socket or device, and for a symbolic link unless
    ``follow`` is set. Its ``strerror`` says what is wrong.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (0 if follow else os.O_NOFOLLOW)
    descriptor = os.open(path, flags)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "it is a directory", str(path))
    raise OSError(errno.EINVAL, "it is a pipe or device and not a plain file", str(path))


def read_plain(path: Path, most: int, *, follow: bool = True) -> bytes:
    """Return the content of a regular file of at most ``most`` bytes. Raises OSError."""
    with open_plain(path, follow=follow) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most} bytes", str(path))
    return content
