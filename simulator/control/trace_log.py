"""Write what a simulated site showed: one line of JSON per device and rack second."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

from agent.model.errors import ConfigError
from simulator.site.site import SimulatedSite


@contextlib.contextmanager
def tracing(site: SimulatedSite, path: Path) -> Iterator[None]:
    """Append to ``path`` while the block runs: rack second, device, faults, observations.

    Raises ConfigError if the file cannot be written.
    """
    try:
        file = path.open("a", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from None
    with file:

        def write() -> None:
            for line in _lines(site):
                file.write(line + "\n")

        site.watchers.append(write)
        try:
            yield
        finally:
            site.watchers.remove(write)


def _lines(site: SimulatedSite) -> Iterator[str]:
    faults = [f"{active.fault}@{active.where}" for active in site.injector.active]
    for item in site:
        if not item.role_view.powered:
            continue
        observed = item.model.observe(item.device.role).items()
        yield json.dumps(
            {
                "elapsed_s": site.elapsed_s,
                "rack": item.device.rack,
                "device": item.device.name,
                "faults": faults,
                "readings": [
                    {"metric": metric, "labels": dict(labels), "value": value}
                    for (metric, labels), value in observed
                ],
            },
            separators=(",", ":"),
        )
