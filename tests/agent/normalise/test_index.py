"""Table indexes as RFC 2578 section 7.7 writes them."""

import pytest

from agent.model import smi
from agent.normalise.index import Instances, parse_index
from agent.normalise.lookups import Lookups
from agent.profile.points import IndexPart, SnmpPoint
from tests.agent.making import BASE, snmp_profile

NUMBER = IndexPart("port")
STRING = IndexPart("name", "string")
REST = IndexPart("rest", "rest")


@pytest.mark.parametrize(
    ("suffix", "parts", "found"),
    [
        ((7,), (NUMBER,), {"port": 7}),
        ((1, 4_294_967_295), (IndexPart("a"), IndexPart("b")), {"a": 1, "b": 4_294_967_295}),
        ((2, 65, 66, 9), (STRING, NUMBER), {"name": "AB", "port": 9}),
        ((0,), (STRING,), {"name": ""}),
        ((3, 195, 164, 65), (STRING,), {"name": "äA"}),
        ((1, 255), (STRING,), {"name": "\N{REPLACEMENT CHARACTER}"}),
        ((5, 6, 7), (NUMBER, REST), {"port": 5, "rest": "6.7"}),
        ((), (), {}),
        ((), (NUMBER,), None),
        ((1, 2), (NUMBER,), None),
        ((1,), (), None),
        ((5, 65), (STRING,), None),
        ((1, 256), (STRING,), None),
        ((5,), (NUMBER, REST), None),
    ],
)
def test_an_instance_has_its_index_or_is_none_of_the_tables(
    suffix: tuple[int, ...], parts: tuple[IndexPart, ...], found: object
) -> None:
    assert parse_index(smi.encode_subids(suffix), parts) == found


def test_octets_that_end_inside_a_number_are_no_index() -> None:
    assert parse_index(b"\x82", (NUMBER,)) is None


def test_a_row_whose_octets_end_inside_a_number_has_no_index() -> None:
    (point,) = snmp_profile(f"{{metric: rack_device_info, oid: {BASE}.1, index: [unit]}}").points
    assert isinstance(point, SnmpPoint)
    instance = Instances(Lookups({})).of(point, b"\x82")
    assert (instance.dotted, instance.index) == (None, None)
