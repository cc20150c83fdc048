"""Limits of the conversation with one device: times, rows, values and octets."""

from dataclasses import dataclass

CELLS_MAX = 50_000  # rows times columns: a switch of 1,024 ports has 30,000
OCTETS_MAX = 32 * 1024 * 1024
"""The maximum of one walk, and of all walks in a poll cycle of a device together."""

INTERVALS_UNTIL_STALE = 3.0
"""A value is stale once that many of its polling intervals have passed without a new one."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of the requests to one device and of its answers. Times are in seconds.

    ``timeout_s`` bounds one try, ``retries`` the tries after the first; a request therefore ends
    within ``timeout_s * (retries + 1)``. ``max_repetitions`` is the GETBULK ceiling, ``max_oids``
    the OIDs of one GET, ``max_rows`` the rows at which a walk is stopped as endless. A walk that
    returns more than ``max_cells`` values over all its columns, or ``max_octets`` of names and
    values, fails as a whole. ``any_source`` takes SNMP answers from another address or port than
    the one that was asked, as some agents with several interfaces send them.
    """

    timeout_s: float = 2.0
    retries: int = 1
    max_repetitions: int = 25
    max_oids: int = 24
    max_rows: int = 20_000
    max_cells: int = CELLS_MAX
    max_octets: int = OCTETS_MAX
    any_source: bool = False
