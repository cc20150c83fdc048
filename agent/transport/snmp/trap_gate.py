"""The security checks of received notifications before pysnmp, without I/O.

pysnmp does not do all checks of a trap (RFC 3414 section 3.2): it accepts an unsigned trap of a
user with authentication, does not detect replays, and has no keys for the engine of the sender.
These checks are done here first.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from agent.model.credentials import SnmpCredentials, SnmpVersion
from agent.model.errors import ProtocolError
from agent.protocol.snmp import ber, keys, message, usm, v3

ENGINES_MAX = 4096  # engines of senders; each needs tables in pysnmp

_ENGINE_ID_MIN_OCTETS = 5  # RFC 3411, SnmpEngineID


class Refusal(StrEnum):
    """Reason to refuse a datagram; also the value of a metric label."""

    MALFORMED = "malformed"
    SECURITY = "security"
    OVERFLOW = "overflow"


@dataclass(frozen=True, slots=True)
class Principal:
    """The security name of a sender: a community (``user`` empty) or a USM user."""

    community: str = ""
    user: str = ""


def principal(credentials: SnmpCredentials) -> Principal:
    """Return the principal of ``credentials``."""
    if credentials.version is SnmpVersion.V3:
        return Principal(user=credentials.user)
    return Principal(community=credentials.community)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A datagram to pass to pysnmp.

    ``learnt`` is the engine id of a new sender and its user: pysnmp needs their keys first.
    ``unsigned`` marks an inform without a valid signature: pysnmp has to report that to its sender.
    """

    principal: Principal
    learnt: tuple[bytes, SnmpCredentials] | None = None
    unsigned: bool = False


@dataclass(slots=True)
class _Clock:
    """Boots and time of a sender in its last message, and when it arrived (monotonic)."""

    boots: int
    time_s: int
    received_at: float


class TrapGate:
    """The filter of notifications by ``credentials``; ``engine_id`` is that of the agent.

    A v3 trap is signed for the engine of its sender, whose clock cannot be requested: the time of
    its first authentic message is accepted, and replays of older messages are not detected.
    """

    def __init__(
        self,
        credentials: Iterable[SnmpCredentials],
        engine_id: bytes,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        listed = list(credentials)
        self._communities = {
            c.community.encode(): principal(c) for c in listed if c.version is not SnmpVersion.V3
        }
        self._users: dict[bytes, list[SnmpCredentials]] = {}
        for one in listed:
            if one.version is SnmpVersion.V3:
                self._users.setdefault(one.user.encode(), []).append(one)
        self._engine_id = engine_id
        self._now = clock
        self._learnt: dict[tuple[bytes, bytes], SnmpCredentials] = {}
        self._clocks: dict[bytes, _Clock] = {}

    def check(self, data: bytes) -> Accepted | Refusal:
        """Check a datagram; return how to accept it, or why it is refused."""
        try:
            version, offset, end = message.open_message(data)
            if version == message.V3:
                return self._check_v3(data, v3.decode(data))
            community, _ = ber.read_octets(data, offset, end)
        except ProtocolError:
            return Refusal.MALFORMED
        known = self._communities.get(community)
        return Refusal.SECURITY if known is None else Accepted(known)

    def _check_v3(self, data: bytes, envelope: v3.Envelope) -> Accepted | Refusal:
        """Check a v3 message. pysnmp checks and answers informs and discovery itself."""
        who = Principal(user=envelope.user.decode("utf-8", "replace"))
        if not envelope.engine_id:
            return Accepted(who)
        if len(envelope.engine_id) < _ENGINE_ID_MIN_OCTETS:
            return Refusal.MALFORMED
        place = (envelope.engine_id, envelope.user)
        known = self._learnt.get(place)
        candidates = self._users.get(envelope.user, []) if known is None else [known]
        signer = next((c for c in candidates if _signed(data, envelope, c)), None)
        if envelope.engine_id == self._engine_id:
            return Accepted(who, unsigned=signer is None)
        if signer is None or not self._in_window(envelope):
            return Refusal.SECURITY
        if known is not None or signer.auth_protocol is None:
            return Accepted(who)
        if len(self._learnt) >= ENGINES_MAX:
            return Refusal.OVERFLOW
        self._learnt[place] = signer
        return Accepted(who, (envelope.engine_id, signer))

    def _in_window(self, envelope: v3.Envelope) -> bool:
        """Return whether a signed message is in the time window (RFC 3414 section 3.2 step 7b)."""
        if not envelope.flags & v3.AUTH:
            return True
        now, boots, time_s = self._now(), envelope.boots, envelope.engine_time
        known = self._clocks.get(envelope.engine_id)
        if boots == usm.MAX_BOOTS:
            return False
        if known is None or (boots, time_s) > (known.boots, known.time_s):
            if known is not None or len(self._clocks) < ENGINES_MAX:
                self._clocks[envelope.engine_id] = _Clock(boots, time_s, now)
            return True
        expected_s = known.time_s + (now - known.received_at)
        return boots == known.boots and time_s >= expected_s - usm.TIME_WINDOW_S


def _signed(data: bytes, envelope: v3.Envelope, credentials: SnmpCredentials) -> bool:
    """Return whether a message has the security level of ``credentials`` and a valid MAC."""
    auth = credentials.auth_protocol
    level = (v3.AUTH if auth else 0) | (v3.PRIV if credentials.priv_protocol else 0)
    if envelope.flags & v3.LEVEL != level:
        return False
    if auth is None:
        return True
    key = keys.auth_key(auth, credentials.auth_secret.encode(), envelope.engine_id)
    return keys.Authenticator(auth, key).verify(data, envelope.mac_start, envelope.mac_stop)
