"""One measurement in a process of its own: CLIENT CONNECTIONS REGISTERS SECONDS LOOP PORT.

A closed loop with one task per connection, each to a port of its own; prints one JSON object.
"""

import asyncio
import json
import logging
import os
import resource
import sys
import time

import uvloop

from bench.modbus.clients import CLIENTS, Read


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def measure(client: str, connections: int, registers: int, seconds: float, port: int) -> None:
    """Read for ``seconds`` and print requests per second and CPU microseconds per request."""
    logging.disable(logging.CRITICAL)
    opening = (CLIENTS[client]("127.0.0.1", port + i, registers) for i in range(connections))
    reads = await asyncio.gather(*opening)
    for read in reads:
        if await read() != tuple(range(registers)):
            raise SystemExit(f"{client} read something else than the server serves")
    counts = [0] * connections
    stop_at = time.perf_counter() + seconds

    async def work(index: int, read: Read) -> None:
        while time.perf_counter() < stop_at:
            await read()
            counts[index] += 1

    cpu_s, started = _cpu_s(), time.perf_counter()
    await asyncio.gather(*(work(index, read) for index, read in enumerate(reads)))
    elapsed_s, cpu_s, total = time.perf_counter() - started, _cpu_s() - cpu_s, sum(counts)
    print(json.dumps({"requests_per_s": total / elapsed_s, "cpu_us": cpu_s / total * 1e6}))
    sys.stdout.flush()
    # Clients of the peers need no clean-up: the process ends here.
    os._exit(0)


def main() -> None:
    """Run the cell that the arguments describe."""
    client, connections, registers, seconds, loop, port = sys.argv[1:7]
    coroutine = measure(client, int(connections), int(registers), float(seconds), int(port))
    if loop == "uvloop":
        uvloop.run(coroutine)
    else:
        asyncio.run(coroutine)


if __name__ == "__main__":
    main()
