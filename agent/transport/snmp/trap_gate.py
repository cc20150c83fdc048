"""Who may send us traps: the checks before a notification is believed, without I/O.

pysnmp receives notifications, but of a trap's security (RFC 3414 section 3.2) it leaves gaps: it
takes an unsigned trap for a user who signs, knows no replay, and has no keys for the engine that
sends it. These are closed here, in front of it.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from agent.model.credentials import SnmpCredentials, SnmpVersion
from agent.model.errors import ProtocolError
from agent.protocol.snmp import ber, keys, message, usm, v3

ENGINES_MAX = 4096  # of senders; more would be strange, and each costs tables in pysnmp

_ENGINE_ID_MIN_OCTETS = 5  # RFC 3411, SnmpEngineID


class Refusal(StrEnum):
    """Why a datagram was not believed; the value of a metric's label."""

    MALFORMED = "malformed"
    SECURITY = "security"
    OVERFLOW = "overflow"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who signs: a community (``user`` empty) or a USM user."""

    community: str = ""
    user: str = ""


def principal(credentials: SnmpCredentials) -> Principal:
    """How ``credentials`` sign."""
    if credentials.version is SnmpVersion.V3:
        return Principal(user=credentials.user)
    return Principal(community=credentials.community)


@dataclass(frozen=True, slots=True)
class Pass:
    """A datagram that pysnmp may see.

    ``learnt`` is a sender's engine id with its user, whose keys for it pysnmp does not have yet.
    ``doubted`` is an inform that no configured user has signed: pysnmp shall say so to its sender.
    """

    principal: Principal
    learnt: tuple[bytes, SnmpCredentials] | None = None
    doubted: bool = False


@dataclass(slots=True)
class _Clock:
    """A sender's boots and time as last heard, and when (monotonic)."""

    boots: int
    time_s: int
    heard_at: float


class TrapGate:
    """Lets through what carries one of ``credentials``; ``engine_id`` is our own.

    A v3 trap is signed for the engine that sends it, and there is no asking for that engine's
    clock: its first authentic message is believed, and older replays are not recognised.
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

    def check(self, data: bytes) -> Pass | Refusal:
        """What becomes of one datagram."""
        try:
            version, offset, end = message.open_message(data)
            if version == message.V3:
                return self._check_v3(data, v3.decode(data))
            community, _ = ber.read_octets(data, offset, end)
        except ProtocolError:
            return Refusal.MALFORMED
        known = self._communities.get(community)
        return Refusal.SECURITY if known is None else Pass(known)

    def _check_v3(self, data: bytes, envelope: v3.Envelope) -> Pass | Refusal:
        """Informs and discovery (for our own engine) are pysnmp's to check, and to answer."""
        who = Principal(user=envelope.user.decode("utf-8", "replace"))
        if not envelope.engine_id:
            return Pass(who)
        if len(envelope.engine_id) < _ENGINE_ID_MIN_OCTETS:
            return Refusal.MALFORMED
        place = (envelope.engine_id, envelope.user)
        known = self._learnt.get(place)
        candidates = self._users.get(envelope.user, []) if known is None else [known]
        signer = next((c for c in candidates if _signed(data, envelope, c)), None)
        if envelope.engine_id == self._engine_id:
            return Pass(who, doubted=signer is None)
        if signer is None or not self._in_window(envelope):
            return Refusal.SECURITY
        if known is not None or signer.auth_protocol is None:
            return Pass(who)
        if len(self._learnt) >= ENGINES_MAX:
            return Refusal.OVERFLOW
        self._learnt[place] = signer
        return Pass(who, (envelope.engine_id, signer))

    def _in_window(self, envelope: v3.Envelope) -> bool:
        """RFC 3414 section 3.2 step 7b, for signed messages."""
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
        expected_s = known.time_s + (now - known.heard_at)
        return boots == known.boots and time_s >= expected_s - usm.TIME_WINDOW_S


def _signed(data: bytes, envelope: v3.Envelope, credentials: SnmpCredentials) -> bool:
    """Whether the message has exactly the security level of ``credentials`` and its MAC holds."""
    auth = credentials.auth_protocol
    level = (v3.AUTH if auth else 0) | (v3.PRIV if credentials.priv_protocol else 0)
    if envelope.flags & v3.LEVEL != level:
        return False
    if auth is None:
        return True
    key = keys.auth_key(auth, credentials.auth_secret.encode(), envelope.engine_id)
    return keys.Authenticator(auth, key).verify(data, envelope.mac_start, envelope.mac_stop)
