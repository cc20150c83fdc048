"""Decoding by comparison gives what decoding does, whatever changes between two answers."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model import smi
from agent.model.errors import ProtocolError
from agent.model.values import VarBind
from agent.protocol.snmp import ber, message
from agent.protocol.snmp.layout import DatagramLayout, Layouts, learn

TABLE = smi.oid("1.3.6.1.4.1.99.1")
SIZED = {
    smi.INTEGER: [0, -1, 127, 128, -129, 2**31 - 1, -(2**31), 2**40, -(2**63), 70_000],
    smi.COUNTER32: [0, 127, 128, 255, 256, 40_000, 70_000, 2**24, 2**31 - 1, 2**31, 2**32 - 1],
    smi.GAUGE32: [1, 200, 70_000, 2**32 - 1],
    smi.TIME_TICKS: [5, 2**31],
    smi.COUNTER64: [0, 2**33, 2**39, 2**40, 2**48, 2**56, 2**63 - 1, 2**63, 2**64 - 1],
}


def body(varbinds: list[VarBind]) -> bytes:
    whole = message.encode_varbinds(varbinds)
    start, stop = ber.expect(whole, 0, len(whole), ber.SEQUENCE)
    return whole[start:stop]


def plain(data: bytes) -> list[VarBind]:
    return message.decode_varbinds(data, 0, len(data))


def rows(tag: int, values: list[int]) -> list[VarBind]:
    names = [smi.oid(f"1.3.6.1.4.1.99.1.{row + 1}") for row in range(len(values))]
    return [(name, tag, value) for name, value in zip(names, values, strict=True)]


def taught(*answers: bytes) -> Layouts:
    """Layouts that have met each answer often enough to know it."""
    layouts = Layouts()
    for answer in answers:
        for _ in range(2):
            layouts.decode(answer, 0, len(answer))
    return layouts


@pytest.mark.parametrize("tag", SIZED)
def test_every_length_of_every_number_is_learned(tag: int) -> None:
    data = body(rows(tag, SIZED[tag] * 3))
    layout = learn(data)
    assert layout is not None
    assert layout.decode(data) == plain(data) == rows(tag, SIZED[tag] * 3)


@given(
    st.lists(st.sampled_from(sorted(SIZED)), min_size=20, max_size=40),
    st.randoms(use_true_random=False),
)
def test_values_that_change_are_read(tags: list[int], chance: random.Random) -> None:
    layouts = Layouts()
    for _ in range(6):
        varbinds: list[VarBind] = [
            (TABLE + bytes((place + 1,)), tag, chance.choice(SIZED[tag]))
            for place, tag in enumerate(tags)
        ]
        data = body(varbinds)
        for _ in range(3):
            assert layouts.decode(data, 0, len(data)) == plain(data) == varbinds


def test_texts_names_and_what_is_missing_are_read() -> None:
    varbinds: list[VarBind] = [
        (TABLE + b"\x01", smi.OCTET_STRING, b"Outlet 1" * 20),
        (TABLE + b"\x02", smi.OCTET_STRING, b""),
        (TABLE + b"\x03", smi.OBJECT_ID, TABLE),
        (TABLE + b"\x04", smi.IP_ADDRESS, b"\x7f\x00\x00\x01"),
        (TABLE + b"\x05", smi.NO_SUCH_INSTANCE, None),
        (TABLE + b"\x06", smi.END_OF_MIB_VIEW, None),
        (TABLE + b"\x07", smi.GAUGE32, 70_000),
    ]
    data = body(varbinds)
    layout = learn(data)
    assert layout is not None
    assert layout.decode(data) == varbinds


def test_an_answer_between_other_octets_is_found() -> None:
    data = body(rows(smi.GAUGE32, [5] * 20))
    layouts = taught(data)
    assert layouts.decode(b"xx" + data + b"y", 2, 2 + len(data)) == plain(data)


def test_another_name_of_the_same_length_is_not_taken_for_the_known_one() -> None:
    varbinds = rows(smi.GAUGE32, [5] * 20)
    layouts = taught(body(varbinds))
    varbinds[10] = (TABLE + b"\x7e", smi.GAUGE32, 5)
    data = body(varbinds)
    assert layouts.decode(data, 0, len(data)) == varbinds


def test_another_type_of_the_same_length_is_not_taken_for_the_known_one() -> None:
    layouts = taught(body(rows(smi.GAUGE32, [5] * 20)))
    data = body(rows(smi.COUNTER32, [5] * 20))
    assert layouts.decode(data, 0, len(data)) == rows(smi.COUNTER32, [5] * 20)


def test_a_counter_without_its_leading_zero_is_read_as_before() -> None:
    good = body(rows(smi.COUNTER32, [2**31 - 1] * 20))
    layouts = taught(good)
    sloppy = good[:-4] + b"\xff\xff\xff\xff"
    assert layouts.decode(sloppy, 0, len(sloppy)) == plain(sloppy)
    assert layouts.decode(sloppy, 0, len(sloppy))[-1][2] == 2**32 - 1


def test_broken_framing_is_refused_as_before() -> None:
    good = body(rows(smi.GAUGE32, [5] * 20))
    layouts = taught(good)
    for place in range(0, len(good), 7):
        bad = good[:place] + bytes((good[place] ^ 0x40,)) + good[place + 1 :]
        try:
            expected = plain(bad)
        except ProtocolError:
            with pytest.raises(ProtocolError):
                layouts.decode(bad, 0, len(bad))
        else:
            assert layouts.decode(bad, 0, len(bad)) == expected


@pytest.mark.parametrize(
    ("tag", "octets"),
    [
        (smi.GAUGE32, b""),
        (smi.GAUGE32, b"\xff"),
        (smi.GAUGE32, b"\x01\x00\x00\x00\x00"),
        (smi.COUNTER64, b"\x01" + bytes(8)),
        (smi.INTEGER, b"\x01" + bytes(8)),
        (smi.NULL, b"\x00"),
    ],
)
def test_values_that_need_a_look_each_time_are_not_learned(tag: int, octets: bytes) -> None:
    name = ber.tlv(smi.OBJECT_ID, TABLE + b"\x01")
    assert learn(ber.tlv(ber.SEQUENCE, name + ber.tlv(tag, octets))) is None


def test_a_name_that_ends_early_is_not_learned_as_a_good_value() -> None:
    cut = body([*rows(smi.GAUGE32, [5] * 20), (TABLE + b"\x7d", smi.OBJECT_ID, b"\x2b\x86")])
    layouts = taught(cut)
    assert layouts.decode(cut, 0, len(cut))[-1] == (TABLE + b"\x7d", smi.OBJECT_ID, None)


@pytest.fixture
def lessons(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The answers that were learned from, as they come."""
    learned: list[bytes] = []

    def noted(data: bytes) -> DatagramLayout | None:
        learned.append(data)
        return learn(data)

    monkeypatch.setattr("agent.protocol.snmp.layout.learn", noted)
    return learned


def test_an_answer_that_keeps_changing_its_shape_is_seldom_learned(lessons: list[bytes]) -> None:
    shapes = [body(rows(smi.GAUGE32, [5] * place + [500] + [5] * (25 - place))) for place in (5, 6)]
    layouts = Layouts()
    for turn in range(100):
        data = shapes[turn % 2]
        assert layouts.decode(data, 0, len(data)) == plain(data)
    assert 1 < len(lessons) < 10


def test_an_answer_that_cannot_be_learned_is_seldom_tried(lessons: list[bytes]) -> None:
    odd = body(rows(smi.GAUGE32, [5] * 20))[:-3] + b"\x42\x01\xff"
    layouts = Layouts()
    for _ in range(100):
        assert layouts.decode(odd, 0, len(odd)) == plain(odd)
    assert 1 < len(lessons) < 10


def test_many_different_answers_are_forgotten_in_the_order_they_came() -> None:
    layouts = Layouts()
    for size in range(20, 220):
        data = body(rows(smi.GAUGE32, [5] * 20)[:10] + rows(smi.GAUGE32, [7] * size)[10:])
        for _ in range(4):
            assert layouts.decode(data, 0, len(data)) == plain(data)


def test_a_short_answer_is_read_as_it_comes() -> None:
    data = body(rows(smi.GAUGE32, [5, 6]))
    assert [Layouts().decode(data, 0, len(data)) for _ in range(3)] == [plain(data)] * 3
