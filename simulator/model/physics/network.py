"""The switches of the rack: ports, 64-bit counters, optics, and what LLDP sees across the cables.

Counters are not counted up: each is a rate times what has passed since its last change, so that
a second costs nothing however many ports there are.
"""

import math
from dataclasses import dataclass

from simulator.model.physics.formulas import salt, uniform
from simulator.model.physics.spec import NetworkSpec

_WRAP = 1 << 64
_PACKET_B = 900
_BITS_PER_CODEWORD = 5440  # RS(544,514), IEEE 802.3 clause 91
_HEALTHY_BER = 1e-9
_RECEIVE_W = 0.8e-3
_TRANSMIT_W = 1.0e-3


@dataclass(slots=True)
class PortState:
    """One port: its state, its counters at the last change, and the optic's loss in dB."""

    up: bool
    admin_up: bool
    peer: int
    share: float
    loss_db: float = 0.0
    receive_b: int = 0
    transmit_b: int = 0
    corrected: int = 0
    uncorrected: int = 0
    flaps: int = 0
    since_activity_s: float = 0.0
    since_s: float = 0.0


@dataclass(slots=True)
class SwitchState:
    """A switch: its ports, and the integral of how busy its network is (busy seconds)."""

    ports: list[PortState]
    activity_s: float = 0.0
    elapsed_s: float = 0.0
    powered: bool = True


@dataclass(frozen=True, slots=True)
class LinkPartner:
    """The port at the other end of a cable, as LLDP reports it."""

    chassis: str
    port: str
    system: str


class SwitchModel:
    """One switch, its ports numbered from 0."""

    __slots__ = ("name", "number", "spec", "state")

    def __init__(self, spec: NetworkSpec, number: int, seed: int) -> None:
        self.spec, self.number, self.name = spec, number, f"switch-{number}"
        cabled = spec.nodes + spec.uplinks
        ports = []
        for port in range(spec.ports):
            chance = uniform(salt(seed, self.name, port))
            state = PortState(port < cabled, True, port if port < cabled else -1, 0.5 + chance / 2)
            if state.up:
                state.receive_b = int(chance * 1e15)
                state.transmit_b = int((1.0 - chance) * 1e15)
                state.corrected = int(chance * 1e6)
            ports.append(state)
        self.state = SwitchState(ports)

    def step(self, dt_s: float, work: float, powered: bool) -> None:
        """Add ``dt_s`` of traffic at this share of the rack's work."""
        state = self.state
        if powered is not state.powered:
            for port in range(len(state.ports)):
                self.fold(port)
            state.powered = powered
        state.elapsed_s += dt_s
        state.activity_s += dt_s * (0.02 + 0.6 * work)

    def is_up(self, port: int) -> bool:
        """Return whether a port has link."""
        state = self.state.ports[port]
        return state.up and state.admin_up and state.peer >= 0 and self.state.powered

    def receive_w(self, port: int) -> float:
        """Return the optical power that a port's optic receives."""
        state = self.state.ports[port]
        lit = state.up and state.peer >= 0
        return _RECEIVE_W * db_ratio(-state.loss_db) if lit else 0.0

    def transmit_w(self, port: int) -> float:
        """Return the optical power that a port's optic sends."""
        return _TRANSMIT_W if self.state.ports[port].admin_up and self.state.powered else 0.0

    def bit_error_ratio(self, port: int) -> float:
        """Return the bit error ratio before correction: two decades per 3 dB lost."""
        worse = db_ratio(self.state.ports[port].loss_db * 20.0 / 3.0)
        return min(1e-2, _HEALTHY_BER * worse)

    def receive_b(self, port: int) -> int:
        """Return the octets received, modulo 2^64."""
        return (self.state.ports[port].receive_b + int(self._passed_b(port))) % _WRAP

    def transmit_b(self, port: int) -> int:
        """Return the octets sent, modulo 2^64."""
        return (self.state.ports[port].transmit_b + int(0.9 * self._passed_b(port))) % _WRAP

    def receive_packets(self, port: int) -> int:
        """Return the packets received."""
        return self.receive_b(port) // _PACKET_B

    def transmit_packets(self, port: int) -> int:
        """Return the packets sent."""
        return self.transmit_b(port) // _PACKET_B

    def corrected(self, port: int) -> int:
        """Return the code words that FEC has corrected."""
        return (self.state.ports[port].corrected + int(self._errors(port))) % _WRAP

    def uncorrected(self, port: int) -> int:
        """Return the code words that FEC could not correct; receive errors follow them."""
        excess = self._errors(port) if self.bit_error_ratio(port) > 1e-4 else 0.0
        return (self.state.ports[port].uncorrected + int(1e-4 * excess)) % _WRAP

    def neighbor(self, port: int) -> LinkPartner | None:
        """Return the LLDP neighbour of a port, or None without cable or link."""
        return self.planned(self.state.ports[port].peer) if self.is_up(port) else None

    def planned(self, port: int) -> LinkPartner | None:
        """Return the neighbour of the cable plan."""
        spec = self.spec
        if 0 <= port < spec.nodes:
            name = f"node-{port + 1:02d}"
            return LinkPartner(mac_address(name, self.number), f"eth{self.number}", name)
        if spec.nodes <= port < spec.nodes + spec.uplinks:
            name = f"spine-{port - spec.nodes + 1}"
            return LinkPartner(mac_address(name, 0), f"Ethernet{self.number}", name)
        return None

    def fold(self, port: int) -> None:
        """Store the counters; called before every change that affects their rate."""
        state = self.state.ports[port]
        state.receive_b, state.transmit_b, state.corrected, state.uncorrected = (
            self.receive_b(port),
            self.transmit_b(port),
            self.corrected(port),
            self.uncorrected(port),
        )
        state.since_activity_s, state.since_s = self.state.activity_s, self.state.elapsed_s

    def _passed_b(self, port: int) -> float:
        state = self.state.ports[port]
        if not self.is_up(port):
            return 0.0
        busy_s = self.state.activity_s - state.since_activity_s
        return busy_s * state.share * self.spec.speed_gbit_s * 125e6

    def _errors(self, port: int) -> float:
        if not self.is_up(port):
            return 0.0
        bits = (
            (self.state.elapsed_s - self.state.ports[port].since_s) * self.spec.speed_gbit_s * 1e9
        )
        return bits * min(self.bit_error_ratio(port), 1.0 / _BITS_PER_CODEWORD)


def db_ratio(decibels: float) -> float:
    """Convert dB to a ratio of powers."""
    return math.pow(10.0, decibels / 10.0)


def dbm(watts: float) -> float:
    """Return optical power in dBm; no light is -40, as modules report it (SFF-8472)."""
    return 10.0 * math.log10(watts * 1e3) if watts > 1e-7 else -40.0


def mac_address(name: str, port: int) -> str:
    """Return a locally administered address that belongs to this name and port."""
    digits = f"{salt(name, port) & 0xFFFFFFFFFF:010x}"
    return "02:" + ":".join(digits[i : i + 2] for i in range(0, 10, 2))
