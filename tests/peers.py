"""Programs nobody here wrote, started as peers for tests and ended with them."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.model.credentials import AuthProtocol, PrivProtocol, SnmpCredentials, SnmpVersion
from tests.waiting import PATIENCE_S

AUTH_SECRET = "auth-secret-1234"
PRIV_SECRET = "priv-secret-1234"
COMMUNITY = "public"

SNMPD_AUTH = {
    AuthProtocol.MD5: "MD5",
    AuthProtocol.SHA1: "SHA",
    AuthProtocol.SHA224: "SHA-224",
    AuthProtocol.SHA256: "SHA-256",
    AuthProtocol.SHA384: "SHA-384",
    AuthProtocol.SHA512: "SHA-512",
}
"""The authentication protocols snmpd offers, as its ``createUser`` spells them."""

SNMPD_PRIV = {
    PrivProtocol.DES: "DES",
    PrivProtocol.AES128: "AES",
    PrivProtocol.AES192: "AES-192",
    PrivProtocol.AES256: "AES-256",
}
"""The privacy protocols snmpd offers, as its ``createUser`` spells them."""


def require(program: str) -> str:
    """The path of ``program``; skips the test where it is absent, fails it on CI."""
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{program} is not installed")
        pytest.skip(f"{program} is not installed")
    return path


def free_udp_port(host: str = "127.0.0.1") -> int:
    """A UDP port that was free a moment ago."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def user_name(auth: AuthProtocol | None, priv: PrivProtocol | None) -> str:
    """The user that :func:`snmpd` creates for this combination."""
    return f"u_{auth.name if auth else 'none'}_{priv.name if priv else 'none'}".lower()


def usm_credentials(auth: AuthProtocol | None, priv: PrivProtocol | None) -> SnmpCredentials:
    """Credentials of the user that :func:`snmpd` creates for this combination."""
    return SnmpCredentials(
        version=SnmpVersion.V3,
        user=user_name(auth, priv),
        auth_protocol=auth,
        auth_secret=AUTH_SECRET if auth else "",
        priv_protocol=priv,
        priv_secret=PRIV_SECRET if priv else "",
    )


def usm_combinations() -> list[tuple[AuthProtocol | None, PrivProtocol | None]]:
    """Every security combination snmpd offers, from noAuthNoPriv up."""
    pairs: list[tuple[AuthProtocol | None, PrivProtocol | None]] = [(None, None)]
    for auth in SNMPD_AUTH:
        pairs.append((auth, None))
        pairs += [(auth, priv) for priv in SNMPD_PRIV]
    return pairs


def _snmpd_users() -> Iterator[str]:
    for auth, priv in usm_combinations():
        name = user_name(auth, priv)
        keys = f' {SNMPD_AUTH[auth]} "{AUTH_SECRET}"' if auth else ""
        keys += f' {SNMPD_PRIV[priv]} "{PRIV_SECRET}"' if priv else ""
        yield f"createUser {name}{keys}"
        yield f"rouser {name} {'priv' if priv else 'auth' if auth else 'noauth'}"


@dataclass(frozen=True, slots=True)
class Snmpd:
    """A running snmpd: community ``public`` for v1 and v2c, users of :func:`usm_combinations`."""

    host: str
    port: int


@contextmanager
def snmpd(
    directory: Path, extra: str = "", *, host: str = "127.0.0.1", port: int = 0
) -> Iterator[Snmpd]:
    """net-snmp's agent on ``port`` (0: an ephemeral one) of ``host``, ready to answer.

    ``directory`` (a tmp_path) takes configuration and state; the engine id and boots survive in
    it, so entering again with the same directory is a reboot. ``extra`` is appended to snmpd.conf.
    """
    program = require("snmpd")
    state = directory / "state"
    state.mkdir(exist_ok=True)
    conf = directory / "snmpd.conf"
    lines = [
        f"rocommunity {COMMUNITY}",
        f"rocommunity6 {COMMUNITY}",
        "sysName peer",
        "sysLocation rack 12",
        "sysContact noc@example.com",
    ]
    conf.write_text("\n".join([*lines, *_snmpd_users(), extra, ""]))
    port = port or free_udp_port(host)
    address = f"udp6:[{host}]:{port}" if ":" in host else f"udp:{host}:{port}"
    process = subprocess.Popen(
        [program, "-Lf", str(directory / "log"), "-f", address],
        env={  # not -C -c: with these it would not read its state, and be another engine each time
            **os.environ,
            "SNMPCONFPATH": f"{directory}:{state}",
            "SNMP_PERSISTENT_DIR": str(state),
            "MIBS": "",
        },
    )
    try:
        _await_snmp(process, host, port)
        yield Snmpd(host, port)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


_PROBE = bytes.fromhex(  # v2c GET sysUpTime.0, community public, typed by hand
    "302602010104067075626c6963a01902010102010002010030 0e300c06082b060102010103000500"
)


def _await_snmp(process: subprocess.Popen[bytes], host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    deadline = time.monotonic() + PATIENCE_S
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.settimeout(0.1)
        while time.monotonic() < deadline:
            if process.poll() is not None:
                pytest.fail(f"snmpd ended with {process.returncode}")
            probe.sendto(_PROBE, (host, port))
            try:
                probe.recvfrom(2048)
            except (TimeoutError, ConnectionRefusedError):
                continue
            return
    pytest.fail("snmpd does not answer")
