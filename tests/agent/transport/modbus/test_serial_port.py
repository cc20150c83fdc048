"""The serial port against a pseudo-terminal whose other end the test holds."""

import asyncio
import errno
import os
import termios
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.transport.modbus.serial_port import SerialPort, SerialSettings
from tests.waiting import until


class Ear(asyncio.Protocol):
    def __init__(self) -> None:
        self.heard = b""
        self.lost: list[Exception | None] = []

    def data_received(self, data: bytes) -> None:
        self.heard += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.append(exc)


@pytest.fixture
def far_end() -> Iterator[tuple[int, str]]:
    """The master's file descriptor, non-blocking, and the path of the slave."""
    master, slave = os.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    yield master, os.ttyname(slave)
    os.close(slave)
    os.close(master)


def open_port(path: str, ear: Ear, settings: SerialSettings | None = None) -> SerialPort:
    return SerialPort(path, settings or SerialSettings(), ear, asyncio.get_running_loop())


async def test_octets_pass_both_ways_unchanged(far_end: tuple[int, str]) -> None:
    master, path = far_end
    ear = Ear()
    port = open_port(path, ear, SerialSettings(9600, "N", 2))
    every = bytes(range(256))
    port.write(every)
    assert os.read(master, 1000) == every
    os.write(master, every)
    await until(lambda: len(ear.heard) == 256)
    assert ear.heard == every
    port.abort()
    port.abort()
    port.write(b"nobody hears this")
    await until(lambda: ear.lost)
    assert ear.lost == [None]


@pytest.mark.parametrize("parity", ["E", "O"])
async def test_a_pseudo_terminal_serves_devices_with_parity(
    far_end: tuple[int, str], parity: str
) -> None:
    master, path = far_end
    port = open_port(path, Ear(), SerialSettings(115_200, parity))
    port.write(b"\xff\x00")
    assert os.read(master, 10) == b"\xff\x00"
    port.abort()


async def test_the_speed_is_set(far_end: tuple[int, str]) -> None:
    master, path = far_end
    port = open_port(path, Ear(), SerialSettings(38_400, "N"))
    assert termios.tcgetattr(master)[4:6] == [termios.B38400, termios.B38400]
    port.abort()


async def test_what_the_driver_does_not_take_follows(far_end: tuple[int, str]) -> None:
    master, path = far_end
    ear = Ear()
    port = open_port(path, ear)
    ahead = fill_driver(path)
    sent = bytes(at % 251 for at in range(3000))
    port.write(sent[:2000])
    port.write(sent[2000:])
    received = b""

    def all_came() -> bool:
        nonlocal received
        received += drained(master)
        return len(received) >= ahead + len(sent)

    await until(all_came)
    assert received[ahead:] == sent
    assert not ear.lost
    port.abort()


def fill_driver(path: str) -> int:
    """Write until the driver takes no more; how much it took."""
    probe = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    room = 0
    try:
        while True:
            room += os.write(probe, bytes(1000))
    except BlockingIOError:
        return room
    finally:
        os.close(probe)


def drained(master: int) -> bytes:
    try:
        return os.read(master, 65536)
    except BlockingIOError:
        return b""


async def test_a_port_that_takes_nothing_more_is_lost(far_end: tuple[int, str]) -> None:
    _, path = far_end
    ear = Ear()
    port = open_port(path, ear)
    for _ in range(1000):
        port.write(bytes(1000))
    await until(lambda: ear.lost)
    assert isinstance(ear.lost[0], OSError)
    assert ear.lost[0].errno == errno.ENOBUFS
    assert len(ear.lost) == 1


async def test_a_far_end_that_goes_away_is_noticed_at_once() -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    ear = Ear()
    port = open_port(os.ttyname(slave), ear)
    os.close(slave)
    os.close(master)
    await until(lambda: ear.lost)
    assert isinstance(ear.lost[0], OSError)
    port.abort()


async def test_what_is_no_serial_port_is_refused(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("")
    with pytest.raises(OSError, match=r"ioctl|Inappropriate"):
        open_port(str(plain), Ear())
    with pytest.raises(FileNotFoundError):
        open_port(str(tmp_path / "absent"), Ear())
