"""Cost of Modbus requests in bytes and time, by the line they use.

Frames: Modbus Application Protocol V1.1b3, Modbus over Serial Line V1.02 (RTU: unit, function,
two bytes of CRC; silences of 3.5 characters, section 2.5.1.1), Modbus Messaging on TCP/IP V1.0b.
"""

from dataclasses import dataclass, replace

from agent.parse.url import Url
from agent.profile.points import Profile
from agent.profile.spec_modbus import Quirks

CYCLE_S = 10.0
"""Default poll interval in seconds."""

_NETWORK_S = 0.001  # round trip inside a rack, and processing in a small controller
_NETWORK_BYTE_S = 8 / 100e6
_FAST_BAUDRATE = 19_200
_FAST_SILENCE_S = 0.001_75
_NO_QUIRKS = Quirks()


@dataclass(frozen=True, slots=True)
class WireCost:
    """The cost of one read on a line. Times in seconds.

    ``request_s`` is the fixed time of a request: silences, turnaround, processing in the device.
    ``byte_s`` is the time of one byte. A request has ``frame_out`` bytes; a reply has ``frame_in``
    bytes of framing and ``data_bytes`` bytes on the line for each byte of data (2 in ASCII).
    """

    request_s: float
    byte_s: float
    frame_out: int
    frame_in: int
    data_bytes: int = 1

    def bytes_in(self, table: str, count: int) -> int:
        """Return the size of the reply."""
        data = (count + 7) // 8 if table in ("coil", "discrete") else 2 * count
        return self.frame_in + self.data_bytes * data

    def seconds(self, table: str, count: int) -> float:
        """Return how long one read of ``count`` registers or bits uses the line."""
        return self.request_s + self.byte_s * (self.frame_out + self.bytes_in(table, count))


def serial_cost(profile: Profile, *, ascii_mode: bool = False) -> WireCost:
    """Return the cost of a serial line with the factory settings of the profile's device."""
    line = profile.serial
    settings = (line.baudrate, line.parity, line.stopbits)
    return serial_line_cost(*settings, profile.quirks, ascii_mode=ascii_mode)


def wire_cost(url: Url, profile: Profile) -> WireCost:
    """Return the cost of the line behind ``url`` for a device of ``profile``.

    A device whose profile has serial settings has no network interface: over TCP it is reached
    through a gateway, whose serial line is the bottleneck.
    """
    if url.serial:
        line = url.settings
        return serial_line_cost(
            *(line.baudrate, line.parity, line.stopbits, profile.quirks), ascii_mode=url.ascii
        )
    if url.ascii or url.scheme == "modbus+rtutcp" or profile.has_serial_line:
        behind = serial_cost(profile, ascii_mode=url.ascii)
        return replace(behind, request_s=behind.request_s + _NETWORK_S)
    quirks = profile.quirks
    return WireCost(_NETWORK_S + quirks.delay_s + quirks.answer_s, _NETWORK_BYTE_S, 12, 9)


def serial_line_cost(
    baudrate: int,
    parity: str = "E",
    stopbits: int = 1,
    quirks: Quirks = _NO_QUIRKS,
    *,
    ascii_mode: bool = False,
) -> WireCost:
    """Return the cost of RTU (or ASCII) on a serial line.

    Characters of ASCII are counted with 8 data bits, too.
    """
    pauses_s = quirks.delay_s + quirks.answer_s
    character_s = (1 + 8 + (parity != "N") + stopbits) / baudrate
    if ascii_mode:
        return WireCost(pauses_s, character_s, 17, 11, 2)
    silence_s = _FAST_SILENCE_S if baudrate > _FAST_BAUDRATE else 3.5 * character_s
    return WireCost(2 * silence_s + pauses_s, character_s, 8, 5)
