"""One row speaks for a series; another one may when it is gone."""

from agent.normalise.fallbacks import Owners

KEY = ("pdu", "rack_inlet_power_watts", ())
FIRST, SECOND, THIRD = ((1, octets) for octets in (b"\1", b"\2", b"\3"))


def test_the_first_one_counts_until_it_goes() -> None:
    owners = Owners()
    assert [owners.claim(row, KEY) for row in (FIRST, SECOND, THIRD)] == [FIRST] * 3
    assert owners.release(SECOND, None) == frozenset()
    assert owners.release(FIRST, KEY) == {THIRD}
    assert owners.claim(THIRD, KEY) == THIRD


def test_a_row_that_owns_nothing_leaves_nothing() -> None:
    owners = Owners()
    owners.claim(FIRST, KEY)
    assert owners.release(SECOND, KEY) == frozenset()
    assert owners.release(SECOND, None) == frozenset()
    assert owners.claim(THIRD, KEY) == FIRST


def test_rows_that_come_and_go_under_new_names_are_not_remembered() -> None:
    owners = Owners()
    owners.claim(FIRST, KEY)
    for number in range(100):
        owners.claim((2, bytes([number])), KEY)
        owners.release((2, bytes([number])), None)
    assert owners.release(FIRST, KEY) == frozenset()
