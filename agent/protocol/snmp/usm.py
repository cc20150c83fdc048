"""The user-based security model (USM) toward one device, without I/O.

Discovery, time window and reports. Source: RFC 3414 (section numbers below); report handling of
RFC 3412 section 7.2.
"""

import secrets
import time
from collections.abc import Callable

from agent.model import smi
from agent.model.credentials import SnmpCredentials
from agent.model.errors import AuthenticationError, ConfigError, ProtocolError
from agent.protocol.snmp import ber, keys, message, v3
from agent.protocol.snmp.layout import Layouts
from agent.protocol.snmp.security import Reply, ReportPdu

TIME_WINDOW_S = 150
MAX_BOOTS = 2**31 - 1

_USM_STATS = smi.oid("1.3.6.1.6.3.15.1.1")
UNSUPPORTED_LEVEL = _USM_STATS + b"\x01\x00"
NOT_IN_TIME_WINDOW = _USM_STATS + b"\x02\x00"
UNKNOWN_USER = _USM_STATS + b"\x03\x00"
UNKNOWN_ENGINE = _USM_STATS + b"\x04\x00"
WRONG_DIGEST = _USM_STATS + b"\x05\x00"
DECRYPTION_ERROR = _USM_STATS + b"\x06\x00"

_REFUSALS = {
    UNSUPPORTED_LEVEL: "the device does not support the security level of this user",
    UNKNOWN_USER: "the device does not know this user",
    WRONG_DIGEST: "the device refuses the digest: wrong authentication secret or protocol",
    DECRYPTION_ERROR: "the device cannot decrypt: wrong privacy secret or protocol",
}


class UsmSecurity:
    """USM state of one user at one engine: the id, boots and time of the engine, and the keys.

    ``clock`` returns monotonic seconds. Raises ConfigError for contradictory credentials.
    """

    def __init__(
        self, credentials: SnmpCredentials, clock: Callable[[], float] = time.monotonic
    ) -> None:
        if credentials.priv_protocol and not credentials.auth_protocol:
            raise ConfigError("SNMPv3 privacy needs an authentication protocol")
        if credentials.auth_protocol and not credentials.auth_secret:
            raise ConfigError("SNMPv3 authentication needs a secret")
        if credentials.priv_protocol and not credentials.priv_secret:
            raise ConfigError("SNMPv3 privacy needs a secret")
        self._credentials = credentials
        self._user = credentials.user.encode()
        self._context = credentials.context.encode()
        self._level = (v3.AUTH if credentials.auth_protocol else 0) | (
            v3.PRIV if credentials.priv_protocol else 0
        )
        self._clock = clock
        self._layouts = Layouts()
        self._salt = secrets.randbits(64)
        self._engine_id = b""
        self._authenticator: keys.Authenticator | None = None
        self._privacy: keys.AesPrivacy | keys.DesPrivacy | None = None
        self._boots = 0
        self._time = 0  # engine time of the last message
        self._synced_at = 0.0  # value of ``clock`` at that message
        self._synchronized = False  # whether boots and time are from an authentic message

    @property
    def ready(self) -> bool:
        """True if the engine id is known."""
        return bool(self._engine_id)

    def forget(self) -> None:
        """Forget the engine, so that the next request starts with discovery."""
        self._engine_id = b""
        self._synchronized = False

    def probe(self, message_id: int) -> bytes:
        """Return the discovery request of section 4: no user, no security, no varbinds."""
        pdu = message.encode_pdu(message.GET, message_id, 0, 0, b"\x30\x00")
        body = v3.encode_scoped(b"", b"", pdu)
        return v3.encode(message_id, v3.REPORTABLE, (b"", 0, 0), b"", 0, b"", body)[0]

    def seal(self, message_id: int, kind: int, first: int, second: int, names: bytes) -> bytes:
        """Return the datagram of a request, encrypted and signed as the credentials say (3.1)."""
        pdu = message.encode_pdu(kind, message_id, first, second, names)
        body = v3.encode_scoped(self._engine_id, self._context, pdu)
        boots, engine_time, salt = self._boots, self._engine_time(), b""
        if self._privacy is not None:
            self._salt += 1
            salt = self._privacy.salt(boots, self._salt)
            secret = self._privacy.encrypt(body, boots, engine_time, salt)
            body = ber.tlv(smi.OCTET_STRING, secret)
        authenticator = self._authenticator
        mac_octets = 0 if authenticator is None else authenticator.mac_octets
        engine = (self._engine_id, boots, engine_time)
        flags = self._level | v3.REPORTABLE
        whole, start = v3.encode(message_id, flags, engine, self._user, mac_octets, salt, body)
        if authenticator is None:
            return whole
        return whole[:start] + authenticator.digest(whole) + whole[start + mac_octets :]

    def open(self, data: bytes, message_id: int) -> Reply:
        """Return the response or report in ``data``; MAC, window, level and names checked (3.2)."""
        envelope = v3.decode(data)
        authentic = self._authenticate(data, envelope)
        if authentic:
            self._check_window(envelope)
        if envelope.message_id != message_id:
            raise ProtocolError("the response has another msgID")
        start, stop = envelope.body_start, envelope.body_stop
        if envelope.flags & v3.PRIV:
            data, start, stop = self._decrypt(data, envelope)
        engine_id, context, pdu = v3.decode_scoped(data, start, stop, self._layouts.decode)
        if pdu.kind == message.REPORT:
            return self._report(envelope, pdu, authentic)
        if envelope.flags & v3.LEVEL != self._level:
            raise AuthenticationError(
                "the security level of the response is not that of the request"
            )
        if not self.ready or pdu.kind != message.RESPONSE or pdu.request_id != message_id:
            raise ProtocolError(f"PDU 0x{pdu.kind:02x} is not a response to the request")
        if envelope.engine_id != self._engine_id or engine_id != self._engine_id:
            raise AuthenticationError("the response is from another engine id")
        if envelope.user != self._user or context != self._context:
            raise AuthenticationError("the response is for another user or context")
        return pdu

    def recover(self, report: ReportPdu) -> None:
        """Update the state from ``report``, so that the request can be repeated.

        Raises AuthenticationError for refused credentials, ProtocolError for other reports.
        """
        counter = report.counter
        if counter in _REFUSALS:
            raise AuthenticationError(_REFUSALS[counter])
        if counter == UNKNOWN_ENGINE and report.engine_id:
            if report.engine_id != self._engine_id:
                self._adopt_engine(report)
        elif counter == NOT_IN_TIME_WINDOW and (report.authentic or not self._level):
            pass  # the window check of the authentic report has set the clock
        else:
            raise ProtocolError(f"the device reports {smi.dotted(counter)}")

    def _adopt_engine(self, report: ReportPdu) -> None:
        """Localize the keys for an engine; use its unauthenticated time until one is authentic."""
        credentials, engine_id = self._credentials, report.engine_id
        auth, priv = credentials.auth_protocol, credentials.priv_protocol
        if auth is not None:
            key = keys.auth_key(auth, credentials.auth_secret.encode(), engine_id)
            self._authenticator = keys.Authenticator(auth, key)
            if priv is not None:
                key = keys.priv_key(auth, priv, credentials.priv_secret.encode(), engine_id)
                self._privacy = keys.privacy(priv, key)
        self._engine_id = engine_id
        self._synchronized = False
        self._set_clock(report.boots, report.engine_time)

    def _authenticate(self, data: bytes, envelope: v3.Envelope) -> bool:
        """Return whether the message is signed. Raises AuthenticationError for a wrong MAC."""
        if not envelope.flags & v3.AUTH:
            return False
        if self._authenticator is None or envelope.engine_id != self._engine_id:
            raise AuthenticationError("the response is signed for an engine without a key")
        if not self._authenticator.verify(data, envelope.mac_start, envelope.mac_stop):
            raise AuthenticationError("the digest of the response is wrong")
        return True

    def _check_window(self, envelope: v3.Envelope) -> None:
        """Follow the clock of the engine forward and refuse replays (section 3.2 step 7b)."""
        boots, engine_time = envelope.boots, envelope.engine_time
        known, known_time = self._boots, self._engine_time()
        if not self._synchronized or boots > known or (boots == known and engine_time > self._time):
            self._synchronized = True
            self._set_clock(boots, engine_time)
            known, known_time = boots, engine_time
        if boots == MAX_BOOTS or boots < known or engine_time < known_time - TIME_WINDOW_S:
            raise AuthenticationError("the response is outside the time window: a replay?")

    def _decrypt(self, data: bytes, envelope: v3.Envelope) -> tuple[bytes, int, int]:
        """Return the plain scoped PDU and the bounds of its content."""
        if self._privacy is None:
            raise AuthenticationError("an encrypted response to a plain request")
        secret = data[envelope.body_start : envelope.body_stop]
        plain = self._privacy.decrypt(secret, envelope.boots, envelope.engine_time, envelope.salt)
        try:
            start, stop = ber.expect(plain, 0, len(plain), ber.SEQUENCE)
        except ProtocolError:
            raise AuthenticationError("the response does not decrypt") from None
        return plain, start, stop

    def _report(self, envelope: v3.Envelope, pdu: message.Pdu, authentic: bool) -> ReportPdu:
        if not pdu.varbinds:
            raise ProtocolError("a report without a counter")
        counter = pdu.varbinds[0][0]
        if counter == NOT_IN_TIME_WINDOW and self._level and not authentic:
            raise AuthenticationError("a time report without authentication")
        return ReportPdu(
            counter, envelope.engine_id, envelope.boots, envelope.engine_time, authentic
        )

    def _set_clock(self, boots: int, engine_time: int) -> None:
        self._boots = boots
        self._time = engine_time
        self._synced_at = self._clock()

    def _engine_time(self) -> int:
        return min(self._time + int(self._clock() - self._synced_at), 2**31 - 1)
