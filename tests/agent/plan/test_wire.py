"""What a read costs on each kind of line, by hand from the standards."""

import pytest

from agent.parse.url import parse_url
from agent.plan import WireCost, wire_cost
from agent.plan.wire import serial_cost, serial_line_cost
from agent.profile.points import LineSettings, Profile
from tests.agent.making import modbus_profile

POINT = "{metric: rack_coolant_level_ratio, address: 1, unit: '%'}"
SERIAL = "serial: {baudrate: 9600, parity: N}\n"


def profile(head: str = "") -> Profile:
    return modbus_profile(POINT, head=head)


def test_a_slow_serial_line() -> None:
    # 10 bits a character; 8 of request, 5 + 20 of reply, two silences of 3.5
    wire = serial_cost(profile(SERIAL))
    assert wire.bytes_in("holding", 10) == 25
    assert wire.seconds("holding", 10) == pytest.approx((8 + 25 + 7) * 10 / 9600)


def test_the_default_line_has_a_parity_bit() -> None:
    assert serial_cost(profile()).seconds("input", 1) == pytest.approx((8 + 7 + 7) * 11 / 19200)


def test_above_19200_baud_silences_are_fixed() -> None:
    wire = serial_cost(profile("serial: {baudrate: 115200}\n"))
    assert wire.seconds("holding", 1) == pytest.approx(15 * 11 / 115200 + 2 * 0.00175)


def test_eight_coils_come_in_a_byte() -> None:
    wire = serial_cost(profile())
    assert [wire.bytes_in("coil", count) for count in (1, 8, 9)] == [6, 6, 7]
    assert wire.bytes_in("discrete", 16) == 7


def test_ascii_writes_each_byte_twice_and_needs_no_silence() -> None:
    wire = serial_line_cost(LineSettings(9600, "N"), ascii_mode=True)
    assert wire.bytes_in("holding", 1) == 15  # : 01 03 02 0000 LRC CR LF
    assert wire.seconds("holding", 1) == pytest.approx((17 + 15) * 10 / 9600)


def test_a_urls_own_line_counts() -> None:
    url = parse_url("modbus+rtu:///dev/ttyS0/1?baudrate=4800&parity=N&stopbits=2")
    assert wire_cost(url, profile(SERIAL)).byte_s == pytest.approx(11 / 4800)
    assert wire_cost(parse_url("modbus+rtu:///dev/ttyS0/1"), profile(SERIAL)).byte_s == (
        pytest.approx(11 / 19200)
    )


def test_a_gateway_is_as_slow_as_the_line_behind_it() -> None:
    line = serial_cost(profile(SERIAL))
    for url in ("modbus+tcp://h/1", "modbus+rtutcp://h:4001/1"):
        wire = wire_cost(parse_url(url), profile(SERIAL))
        assert wire.byte_s == line.byte_s
        assert wire.request_s > line.request_s


def test_a_device_with_a_network_of_its_own_counts_in_round_trips() -> None:
    wire = wire_cost(parse_url("modbus+tcp://h/1"), profile())
    assert (wire.frame_out, wire.bytes_in("holding", 3)) == (12, 15)
    assert wire.seconds("holding", 125) < 1.1 * wire.seconds("holding", 1)


def test_what_the_device_needs_is_reckoned_with() -> None:
    head = "quirks: {delay_ms: 20, answer_ms: 30, connect_pause_ms: 500}\n"
    plain, slow = profile(), profile(head)
    tcp = parse_url("modbus+tcp://h/1")
    for cost in (serial_cost, lambda each: wire_cost(tcp, each)):
        assert cost(slow).request_s == pytest.approx(cost(plain).request_s + 0.05)
    assert isinstance(serial_cost(plain), WireCost)
