"""Compression of responses with gzip, without delaying the polls."""

import asyncio
import gzip

GZIP_FROM_BYTES = 1_000
_INLINE_GZIP_BYTES = 64_000  # about 1 ms of this core's time; more goes to a thread


async def gzipped(body: bytes) -> bytes:
    """Compress ``body`` with gzip at level 1: a response is read once, on a fast network."""
    if len(body) <= _INLINE_GZIP_BYTES:
        return gzip.compress(body, 1, mtime=0)
    return await asyncio.to_thread(gzip.compress, body, 1, mtime=0)  # zlib lets the loop run
