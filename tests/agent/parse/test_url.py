"""Device addresses: what may be written, what it means, and what is said of anything else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model.errors import ConfigError
from agent.parse.url import Url, parse_url


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("snmp://10.0.0.5", Url("snmp", "10.0.0.5", 161)),
        ("snmp://pdu-a.example:1161", Url("snmp", "pdu-a.example", 1161)),
        ("snmp://[2001:db8::1]:161", Url("snmp", "2001:db8::1", 161)),
        ("snmp://10.0.0.5/", Url("snmp", "10.0.0.5", 161)),
        ("modbus+tcp://10.0.0.7", Url("modbus+tcp", "10.0.0.7", 502, 1)),
        ("modbus+tcp://[::1]:1502/144", Url("modbus+tcp", "::1", 1502, 144)),
        ("modbus+rtutcp://gateway:4001/7", Url("modbus+rtutcp", "gateway", 4001, 7)),
        ("modbus+asciitcp://gateway:4001/7", Url("modbus+asciitcp", "gateway", 4001, 7)),
        (
            "modbus+ascii:///dev/ttyS0/3?databits=8",
            Url("modbus+ascii", unit=3, path="/dev/ttyS0", options={"databits": "8"}),
        ),
        (
            "modbus+rtu:///dev/ttyUSB0/12?baudrate=19200&parity=N&stopbits=2",
            Url(
                "modbus+rtu",
                unit=12,
                path="/dev/ttyUSB0",
                options={"baudrate": "19200", "parity": "N", "stopbits": "2"},
            ),
        ),
    ],
)
def test_an_address_that_may_be_written(text: str, url: Url) -> None:
    assert parse_url(text) == url


@pytest.mark.parametrize(
    ("text", "protocol"),
    [("snmp://a", "snmp"), ("modbus+tcp://a", "modbus"), ("modbus+rtu:///dev/x/1", "modbus")],
)
def test_the_scheme_says_which_profiles_can_fit(text: str, protocol: str) -> None:
    assert parse_url(text).protocol == protocol


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("10.0.0.5", "the scheme is missing; use snmp or modbus"),
        ("snmpp://10.0.0.5", "unknown scheme 'snmpp'; use snmp://host:port"),
        ("modbus://10.0.0.5", "unknown scheme 'modbus'; use modbus"),
        ("http://10.0.0.5", "unknown scheme 'http'"),
        ("snmp://", "the host is missing; write snmp://host:port"),
        ("snmp://:161", "the host is missing"),
        ("snmp://[2001:db8::1", "write an IPv6 address in brackets"),
        ("snmp://a:70000", "the port is a number up to 65535"),
        ("snmp://a:snmp", "the port is a number up to 65535"),
        ("snmp://public@a", "a URL holds no secrets; name 'credentials' instead"),
        ("snmp://user:secret@a", "a URL holds no secrets"),
        ("snmp://a/1", "an snmp URL has no path"),
        ("snmp://a?community=public", "no '\\?' or '#' in a URL of snmp"),
        ("modbus+tcp://a/1#x", "no '\\?' or '#' in a URL"),
        ("modbus+tcp://a/x", "the path is the unit id, 0 to 255, not 'x'"),
        ("modbus+tcp://a/256", "0 to 255, not '256'"),
        ("modbus+tcp://a/-1", "0 to 255, not '-1'"),
        ("modbus+tcp://a/0000000001", "0 to 255"),
        ("modbus+rtu:///dev/ttyUSB0/x", "0 to 255, not 'x'"),
        ("modbus+rtu://dev/ttyUSB0/1", "write modbus\\+rtu:///dev/ttyUSB0/unit"),
        ("modbus+rtu:///1", "write modbus\\+rtu:///dev/ttyUSB0/unit"),
        ("modbus+rtu:///dev/x/1?speed=1", "unknown option 'speed'; use baudrate, parity, stopbits"),
        ("modbus+rtu:///dev/x/1?parity=even", "parity is N, E or O, not 'even'"),
        ("modbus+rtu:///dev/x/1?baudrate=fast", "baudrate is a number such as 19200, not 'fast'"),
        ("modbus+rtu:///dev/x/1?baudrate=0", "baudrate is a number"),
        ("modbus+rtu:///dev/x/1?databits=7", "unknown option 'databits'"),
        ("modbus+ascii:///dev/x/1?databits=6", "databits is 7 or 8, not '6'"),
        ("modbus+ascii://dev/ttyUSB0/1", "write modbus\\+ascii:///dev/ttyUSB0/unit"),
        ("modbus+rtu:///dev/x/1?stopbits=3", "stopbits is 1 or 2, not '3'"),
    ],
)
def test_what_is_no_address_is_refused_with_how_to_write_it(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        parse_url(text)


def test_a_secret_in_a_url_is_not_repeated() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_url("snmp://hunter2@10.0.0.5")
    assert "hunter2" not in str(caught.value)


HOSTS = st.one_of(
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(str),
    st.from_regex(r"[a-z][a-z0-9-]{0,20}(\.[a-z]{2,6})?", fullmatch=True),
)
PORTS = st.integers(1, 65535)
UNITS = st.integers(0, 255)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "baudrate": st.sampled_from(("9600", "19200", "115200")),
        "parity": st.sampled_from("NEO"),
        "stopbits": st.sampled_from("12"),
    },
)
NETWORK_SCHEMES = ("modbus+tcp", "modbus+rtutcp", "modbus+asciitcp")
URLS = st.one_of(
    st.builds(Url, st.just("snmp"), HOSTS, PORTS),
    st.builds(Url, st.sampled_from(NETWORK_SCHEMES), HOSTS, PORTS, UNITS),
    st.builds(
        Url,
        st.sampled_from(("modbus+rtu", "modbus+ascii")),
        unit=UNITS,
        path=st.sampled_from(("/dev/ttyUSB0", "/dev/serial/by-id/usb-FTDI_0-port0")),
        options=OPTIONS,
    ),
)


@given(URLS)
def test_what_is_printed_can_be_read_back(url: Url) -> None:
    assert parse_url(str(url)) == url


def test_a_serial_line_takes_from_the_profile_what_its_url_leaves_open() -> None:
    line = parse_url("modbus+rtu:///dev/ttyUSB0/12?parity=N").with_line(9600, "E", 2)
    assert line.options == {"baudrate": "9600", "parity": "N", "stopbits": "2"}
    network = parse_url("modbus+tcp://10.0.0.1/1")
    assert network.with_line(9600, "E", 2) == network
