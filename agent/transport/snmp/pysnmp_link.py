"""The link over pysnmp, the second SNMP engine, for unusual agents and for comparison.

More than ten times slower than the native engine, and the first request to a device takes about
70 ms to build tables: use it for few devices. This is the only module with the command generator of
pysnmp. pysnmp has no types; Any is not used outside.
"""

import asyncio
import socket
from collections.abc import Callable, Iterable
from typing import Any

from pysnmp.entity.engine import SnmpEngine
from pysnmp.entity.rfc3413 import cmdgen
from pysnmp.error import PySnmpError
from pysnmp.hlapi.v3arch.asyncio import auth as usm
from pysnmp.hlapi.v3arch.asyncio.lcd import CommandGeneratorLcdConfigurator
from pysnmp.hlapi.v3arch.asyncio.transport import Udp6TransportTarget, UdpTransportTarget
from pysnmp.proto import errind
from pysnmp.proto.error import StatusInformation
from pysnmp.proto.rfc1902 import Null, ObjectName

from agent.model import smi
from agent.model.credentials import AuthProtocol, PrivProtocol, SnmpCredentials, SnmpVersion
from agent.model.errors import (
    AuthenticationError,
    ConfigError,
    DeviceError,
    DeviceTimeout,
    DeviceUnreachable,
    ProtocolError,
)
from agent.model.limits import Limits
from agent.model.values import VarBind
from agent.protocol.snmp import message
from agent.protocol.snmp.message import Pdu
from agent.transport.snmp.transport import RequestPdu, SnmpTransport

_SLACK_S = 1.0  # pysnmp counts time in ticks of 0.5 s; the deadline of the link must come first

_AUTH = {
    AuthProtocol.MD5: usm.USM_AUTH_HMAC96_MD5,
    AuthProtocol.SHA1: usm.USM_AUTH_HMAC96_SHA,
    AuthProtocol.SHA224: usm.USM_AUTH_HMAC128_SHA224,
    AuthProtocol.SHA256: usm.USM_AUTH_HMAC192_SHA256,
    AuthProtocol.SHA384: usm.USM_AUTH_HMAC256_SHA384,
    AuthProtocol.SHA512: usm.USM_AUTH_HMAC384_SHA512,
}
_PRIV = {
    PrivProtocol.DES: usm.USM_PRIV_CBC56_DES,
    PrivProtocol.AES128: usm.USM_PRIV_CFB128_AES,
    PrivProtocol.AES192: usm.USM_PRIV_CFB192_AES_BLUMENTHAL,
    PrivProtocol.AES256: usm.USM_PRIV_CFB256_AES_BLUMENTHAL,
    PrivProtocol.AES192C: usm.USM_PRIV_CFB192_AES,
    PrivProtocol.AES256C: usm.USM_PRIV_CFB256_AES,
}
_SECURITY_FAULTS = (
    errind.AuthenticationError,
    errind.AuthenticationFailure,
    errind.DecryptionError,
    errind.EncryptionError,
    errind.EngineIDMismatch,
    errind.NoAuthentication,
    errind.NoEncryption,
    errind.NotInTimeWindow,
    errind.UnknownCommunityName,
    errind.UnknownEngineID,
    errind.UnknownSecurityName,
    errind.UnknownUserName,
    errind.UnsupportedSecurityLevel,
    errind.WrongDigest,
)


def pysnmp_transport(
    host: str, port: int, credentials: SnmpCredentials, limits: Limits
) -> SnmpTransport:
    """Return a transport to one device over a pysnmp engine of its own.

    Raises ConfigError for contradictory credentials.
    """
    link = PysnmpLink(host, port, credentials, limits)
    return SnmpTransport(link, limits, bulk=credentials.version is not SnmpVersion.V1)


class PysnmpLink:
    """Requests to one device over pysnmp. Raises ConfigError for contradictory credentials."""

    def __init__(self, host: str, port: int, credentials: SnmpCredentials, limits: Limits) -> None:
        self._host = host
        self._port = port
        self._v3 = credentials.version is SnmpVersion.V3
        self._auth = auth_data(credentials)
        self._context = credentials.context.encode() if self._v3 else b""
        self._limits = limits
        self._engine: Any = None
        self._target: Any = None
        self._answered = False
        self._closed = False

    async def exchange(
        self,
        request: RequestPdu,
        smaller: RequestPdu | None = None,
        check: Callable[[Pdu], None] | None = None,
    ) -> tuple[Pdu, RequestPdu]:
        """Send a request; see :class:`SnmpLink`. A response that fails ``check`` ends it."""
        last = self._limits.retries
        for number in range(last + 1):
            asked = smaller if smaller is not None and 0 < number == last else request
            try:
                async with asyncio.timeout(self._limits.timeout_s):
                    pdu = await self._try(asked)
            except TimeoutError:
                await self._forget()
                continue
            except (AuthenticationError, DeviceUnreachable):
                await self._forget()
                raise
            self._answered = True
            if check is not None:
                check(pdu)
            return pdu, asked
        hint = " (a wrong privacy secret has the same effect)" if self._v3 else ""
        raise DeviceTimeout(f"no answer from {self._host} port {self._port}{hint}")

    async def close(self) -> None:
        """Close the socket and end the timer task of pysnmp. May be called twice."""
        self._closed = True
        await self._drop_engine()

    async def _drop_engine(self) -> None:
        engine, self._engine, self._target = self._engine, None, None
        if engine is None or engine.transport_dispatcher is None:
            return
        ticking = engine.transport_dispatcher.loopingcall
        engine.close_dispatcher()
        if ticking is not None:
            await asyncio.wait([ticking])
        await asyncio.sleep(0)  # the event loop closes the socket in its next turn

    async def _forget(self) -> None:
        """Resolve the name again and, for v3, drop an engine that worked before.

        The device may have another engine id, and pysnmp would use the old one for ever. An engine
        that never worked is kept, because a new one takes tens of milliseconds.
        """
        self._target = None
        if self._v3 and self._answered:
            self._answered = False
            await self._drop_engine()

    async def _try(self, request: RequestPdu) -> Pdu:
        if self._target is None:
            self._target = await self._resolve()
        if self._closed:
            raise DeviceUnreachable("the transport is closed")
        if self._engine is None:
            self._engine = SnmpEngine()
        future: asyncio.Future[tuple[Any, Any, Any, Any]] = (
            asyncio.get_running_loop().create_future()
        )

        def answered(*response: Any) -> None:
            if not future.done():
                future.set_result(response[2:6])

        try:
            self._send(request, answered)
        except StatusInformation as refusal:
            raise _fault_error(refusal["errorIndication"]) from None
        except PySnmpError as error:
            raise DeviceUnreachable(f"cannot send to {self._host}: {error}") from None
        fault, status, index, varbinds = await future
        if fault is not None:
            raise _fault_error(fault)
        converted = [_varbind(name, value) for name, value in varbinds]
        octets = sum(
            len(oid) + (len(value) if isinstance(value, bytes) else 0)
            for oid, _, value in converted
        )
        return Pdu(message.RESPONSE, 0, int(status), int(index), converted, octets)

    def _send(self, request: RequestPdu, answered: Any) -> None:
        engine = self._engine
        address, _ = CommandGeneratorLcdConfigurator().configure(
            engine, self._auth, self._target, self._context
        )
        head = (engine, address, None, self._context)
        varbinds = [(ObjectName(smi.dotted(name)), Null("")) for name in request.names]
        match request.kind:
            case message.GET:
                cmdgen.GetCommandGenerator().send_varbinds(*head, varbinds, answered)
            case message.GET_NEXT:
                cmdgen.NextCommandGeneratorSingleRun().send_varbinds(*head, varbinds, answered)
            case _:
                cmdgen.BulkCommandGeneratorSingleRun().send_varbinds(
                    *head, 0, request.repetitions, varbinds, answered
                )

    async def _resolve(self) -> Any:
        """Return the target of pysnmp. Raises DeviceUnreachable if the name does not resolve."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_DGRAM)
        except (OSError, UnicodeError) as error:
            raise DeviceUnreachable(f"{self._host} does not resolve: {error}") from None
        family, _, _, _, address = found[0]
        target = Udp6TransportTarget if family == socket.AF_INET6 else UdpTransportTarget
        return await target.create(address[:2], self._limits.timeout_s + _SLACK_S, 0)


def auth_data(credentials: SnmpCredentials) -> Any:
    """Return the credentials as an object of pysnmp.

    Raises ConfigError for privacy without authentication.
    """
    if credentials.version is not SnmpVersion.V3:
        model = 0 if credentials.version is SnmpVersion.V1 else 1
        return usm.CommunityData(credentials.community.encode(), mpModel=model)
    keys: dict[str, Any] = {}
    if credentials.auth_protocol is not None:
        keys["authKey"] = credentials.auth_secret.encode()
        keys["authProtocol"] = _AUTH[credentials.auth_protocol]
    if credentials.priv_protocol is not None:
        if credentials.auth_protocol is None:
            raise ConfigError(f"SNMP user {credentials.user!r}: privacy needs authentication")
        keys["privKey"] = credentials.priv_secret.encode()
        keys["privProtocol"] = _PRIV[credentials.priv_protocol]
    return usm.UsmUserData(credentials.user, **keys)  # noqa: S509 - the operator's choice


def _fault_error(fault: Any) -> DeviceError:
    """Return the error for an errorIndication of pysnmp, which is an exception or a word."""
    if isinstance(fault, errind.RequestTimedOut):
        return DeviceTimeout(str(fault))
    if isinstance(fault, _SECURITY_FAULTS):
        return AuthenticationError(str(fault))
    return ProtocolError(str(fault))


def _varbind(name: Any, value: Any) -> VarBind:
    """Convert a varbind of pysnmp. The outermost tag of a value is its SMI type."""
    outer = value.tagSet.superTags[-1]
    tag = int(outer.tagClass | outer.tagId)
    oid = _oid_octets(name)
    if tag in smi.MISSING:
        return oid, tag, None
    if tag in smi.NUMBERS:
        return oid, tag, int(value)
    return oid, tag, _oid_octets(value) if tag == smi.OBJECT_ID else bytes(value)


def _oid_octets(arcs: Iterable[int]) -> bytes:
    """Encode an OID as BER octets. Raises ProtocolError for a sub-identifier beyond 32 bits."""
    first, second, *rest = tuple(arcs)
    try:
        return smi.encode_subids([first * 40 + second, *rest])
    except ValueError as error:
        raise ProtocolError(str(error)) from None
