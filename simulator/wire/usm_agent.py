"""The agent's side of SNMPv3, without I/O: one engine, one user, reports, time window, traps.

Sources: RFC 3414 section 3.2 (the order of the checks), RFC 3412 section 7.1 (reports), RFC 3413
section 3.2 (contexts) and 3.3 (notifications).
"""

import hashlib
import time
from collections.abc import Callable

from agent.model import smi
from agent.model.credentials import SnmpCredentials
from agent.model.errors import ProtocolError
from agent.protocol.snmp import ber, keys, message, usm, v3
from agent.protocol.snmp.message import Pdu

_NET_SNMP = bytes.fromhex("80001f88")  # an enterprise number in the format of RFC 3411
_OCTETS = 5
_UNKNOWN_CONTEXT = smi.oid("1.3.6.1.6.3.12.1.5.0")
_AUTHORIZATION_ERROR = 16
_NO_REQUEST_ID = 0

Respond = Callable[[Pdu], bytes | None]
"""Returns the encoded Response-PDU to a request, or None if it gets none."""


class _Refused(Exception):
    """The request is answered by a report of this counter, protected at this level."""

    def __init__(self, counter: bytes, level: int = 0) -> None:
        self.counter, self.level = counter, level


class UsmAgent:
    """One engine with one user. ``name`` makes the engine ID unique; ``clock`` returns seconds."""

    def __init__(
        self,
        credentials: SnmpCredentials,
        name: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._credentials = credentials
        self._user = credentials.user.encode()
        self._context = credentials.context.encode()
        self._name = name
        self._clock = clock
        self._changes = 0
        self._began = clock()
        self._salt = 0
        self._counts: dict[bytes, int] = {}
        self._level = (v3.AUTH if credentials.auth_protocol else 0) | (
            v3.PRIV if credentials.priv_protocol else 0
        )
        self.boots = 1
        self._localize()

    @property
    def engine_time(self) -> int:
        """Return the wall-clock seconds since the engine started."""
        return min(int(self._clock() - self._began), usm.MAX_BOOTS)

    def reboot(self) -> None:
        """Restart the engine: boots increases, time is 0."""
        self.boots += 1
        self._began = self._clock()

    def leap(self, seconds: float) -> None:
        """Move the engine's time forward at once, as when the device's clock is set."""
        self._began -= seconds

    def change_engine_id(self) -> None:
        """Change the engine ID, as after an exchange of the management card."""
        self._changes += 1
        self._localize()
        self.boots, self._began = 1, self._clock()

    def answer(self, data: bytes, respond: Respond) -> bytes | None:
        """Return the response or report to one v3 message, or None for no answer."""
        try:
            envelope = v3.decode(data)
        except ProtocolError:
            return None
        level = envelope.flags & v3.LEVEL
        request_id = _NO_REQUEST_ID
        try:
            self._check(data, envelope, level)
            context, pdu = self._scoped(data, envelope)
            request_id = pdu.request_id
            if context != self._context:
                raise _Refused(_UNKNOWN_CONTEXT, level)
        except ProtocolError:
            return None
        except _Refused as refused:
            return self._report(envelope, refused, request_id)
        response = _forbidden(pdu) if level != self._level else respond(pdu)
        return None if response is None else self._seal(envelope.message_id, level, response)

    def notify(self, message_id: int, pdu: bytes) -> bytes:
        """Encode a trap at the user's own level; the sender of a trap is authoritative for it."""
        return self._seal(message_id, self._level, pdu)

    def _localize(self) -> None:
        digest = hashlib.sha256(f"{self._name}/{self._changes}".encode()).digest()
        self.engine_id = _NET_SNMP + bytes((_OCTETS,)) + digest[:8]
        given, auth = self._credentials, self._credentials.auth_protocol
        self._authenticator: keys.Authenticator | None = None
        self._privacy: keys.AesPrivacy | keys.DesPrivacy | None = None
        if auth is None:
            return
        key = keys.auth_key(auth, given.auth_secret.encode(), self.engine_id)
        self._authenticator = keys.Authenticator(auth, key)
        if given.priv_protocol is not None:
            secret = given.priv_secret.encode()
            key = keys.priv_key(auth, given.priv_protocol, secret, self.engine_id)
            self._privacy = keys.privacy(given.priv_protocol, key)

    def _check(self, data: bytes, envelope: v3.Envelope, level: int) -> None:
        if envelope.engine_id != self.engine_id:
            raise _Refused(usm.UNKNOWN_ENGINE)
        if envelope.user != self._user:
            raise _Refused(usm.UNKNOWN_USER)
        if level & ~self._level:
            raise _Refused(usm.UNSUPPORTED_LEVEL)
        if not level & v3.AUTH or self._authenticator is None:
            return
        if not self._authenticator.verify(data, envelope.mac_start, envelope.mac_stop):
            raise _Refused(usm.WRONG_DIGEST)
        apart = abs(envelope.engine_time - self.engine_time)
        if envelope.boots != self.boots or apart > usm.TIME_WINDOW_S:
            raise _Refused(usm.NOT_IN_TIME_WINDOW, v3.AUTH)

    def _scoped(self, data: bytes, envelope: v3.Envelope) -> tuple[bytes, Pdu]:
        start, stop = envelope.body_start, envelope.body_stop
        if envelope.flags & v3.PRIV and self._privacy is not None:
            secret = data[start:stop]
            boots, engine_time, salt = envelope.boots, envelope.engine_time, envelope.salt
            try:
                data = self._privacy.decrypt(secret, boots, engine_time, salt)
                start, stop = ber.expect(data, 0, len(data), ber.SEQUENCE)
            except ProtocolError:
                raise _Refused(usm.DECRYPTION_ERROR) from None
        _, context, pdu = v3.decode_scoped(data, start, stop)
        return context, pdu

    def _report(self, envelope: v3.Envelope, refused: _Refused, request_id: int) -> bytes | None:
        if not envelope.flags & v3.REPORTABLE:
            return None
        count = self._counts.get(refused.counter, 0) + 1
        self._counts[refused.counter] = count
        varbinds = message.encode_varbinds([(refused.counter, smi.COUNTER32, count)])
        pdu = message.encode_pdu(message.REPORT, request_id, 0, 0, varbinds)
        return self._seal(envelope.message_id, refused.level, pdu, envelope.user)

    def _seal(self, message_id: int, level: int, pdu: bytes, user: bytes | None = None) -> bytes:
        boots, engine_time, salt = self.boots, self.engine_time, b""
        body = v3.encode_scoped(self.engine_id, self._context, pdu)
        if level & v3.PRIV and self._privacy is not None:
            self._salt += 1
            salt = self._privacy.salt(boots, self._salt)
            secret = self._privacy.encrypt(body, boots, engine_time, salt)
            body = ber.tlv(smi.OCTET_STRING, secret)
        authenticator = self._authenticator if level & v3.AUTH else None
        octets = 0 if authenticator is None else authenticator.mac_octets
        engine = (self.engine_id, boots, engine_time)
        name = self._user if user is None else user  # a report goes to the requester
        whole, start = v3.encode(message_id, level, engine, name, octets, salt, body)
        if authenticator is None:
            return whole
        return whole[:start] + authenticator.digest(whole) + whole[start + octets :]


def _forbidden(request: Pdu) -> bytes:
    """Check the request's level: the user may read at its own level only (RFC 3415)."""
    body = message.encode_varbinds(request.varbinds)
    return message.encode_pdu(message.RESPONSE, request.request_id, _AUTHORIZATION_ERROR, 0, body)
