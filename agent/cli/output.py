"""Standard output that is written whole, however slowly it is read."""

import io
import os
import select
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer


class _Whole(io.FileIO):
    """A file that writes everything before ``write`` returns.

    One call to the system writes a part where the file is a pipe that is full and does not block.
    Without a buffer (``PYTHONUNBUFFERED``) Python drops the rest.
    """

    def write(self, data: "Buffer", /) -> int:
        """Write ``data``; return its size in octets. Raises OSError, such as a broken pipe."""
        rest = memoryview(data).cast("B")
        size = len(rest)
        while rest:
            try:
                rest = rest[os.write(self.fileno(), rest) :]
            except BlockingIOError:
                select.select([], [self.fileno()], [])
        return size


def write_whole() -> None:
    """Replace ``sys.stdout`` by a stream that writes whole lines; a stream of a test stays."""
    before = sys.stdout
    if before is not sys.__stdout__ or before is None:
        return
    raw = _Whole(before.fileno(), "w", closefd=False)
    sys.stdout = io.TextIOWrapper(
        *(io.BufferedWriter(raw), before.encoding, before.errors),
        line_buffering=before.line_buffering or before.write_through,
    )
