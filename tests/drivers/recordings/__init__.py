"""How each recording of the corpus must be read; a file per folder of the corpus."""

from tests.drivers.harness import Comparison
from tests.drivers.recorded import Recorded, replay
from tests.drivers.recordings import cooling, env, pdu, power, switch

FOLDERS = {
    "pdu": pdu.RECORDINGS,
    "cooling": cooling.RECORDINGS,
    "switch": switch.RECORDINGS,
    "env": env.RECORDINGS,
    "power": power.RECORDINGS,
}
RECORDINGS: dict[str, Recorded] = {
    f"{folder}/{name}": recorded
    for folder, group in FOLDERS.items()
    for name, recorded in group.items()
}
"""By folder and name, as in ``pdu/apc_ap8853``."""


def read(name: str) -> Comparison:
    """A recording, read with its profile, beside the oracle's rows."""
    return replay(name, RECORDINGS[name].profile).read
