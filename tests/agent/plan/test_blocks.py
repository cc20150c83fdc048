"""What is learnt of a refused block, and when it is doubted."""

from hypothesis import given
from hypothesis import strategies as st

from agent.plan.blocks import RETRY_S, BlockMap

PARTS = ((10, 1), (11, 2), (13, 1), (20, 4), (30, 1))


def test_at_first_everything_is_one_run() -> None:
    known = BlockMap(PARTS)
    assert known.runs() == [(0, 5)]
    assert known.span((0, 5)) == (10, 21)
    assert known.span((1, 3)) == (11, 3)
    assert known.refused == {}


def test_refused_parts_and_cuts_end_runs() -> None:
    known = BlockMap(PARTS)
    known.refuse(1, "no", 0.0)
    known.cut(4, 0.0)
    assert known.runs() == [(0, 1), (2, 4), (4, 5)]
    assert known.refused == {(11, 2): "no"}
    known.accept(1)
    assert known.runs() == [(0, 4), (4, 5)]


def test_a_run_is_halved_at_the_widest_gap_near_its_middle() -> None:
    known = BlockMap(PARTS)
    assert known.halves((0, 5)) == ((0, 3), (3, 5))
    assert known.halves((0, 2)) == ((0, 1), (1, 2))
    assert known.halves((0, 3)) in (((0, 1), (1, 3)), ((0, 2), (2, 3)))
    close = BlockMap([(n, 1) for n in range(64)])
    assert close.halves((0, 64)) == ((0, 32), (32, 64))


def test_a_part_may_lie_inside_another_one() -> None:
    known = BlockMap([(10, 30), (12, 1), (45, 1)])
    assert known.span((0, 2)) == (10, 30)
    assert known.halves((0, 2)) == ((0, 1), (1, 2))


def test_doubts_come_one_at_a_time_and_late() -> None:
    known = BlockMap(PARTS)
    known.refuse(0, "no", 0.0)
    known.refuse(2, "no", 1.0)
    known.cut(4, 2.0)
    assert known.due_retry(RETRY_S - 0.1) is None
    assert known.due_retry(RETRY_S) == 0
    known.refuse(0, "still no", RETRY_S)
    assert known.due_retry(RETRY_S + 1) == 2
    known.accept(2)
    assert known.runs() == [(1, 4), (4, 5)]
    assert known.due_retry(RETRY_S + 2) is None
    assert known.runs() == [(1, 5)]
    assert known.due_retry(RETRY_S + 3) is None


@given(st.integers(2, 200), st.data())
def test_halving_always_ends(parts: int, data: st.DataObject) -> None:
    known = BlockMap([(3 * n, 1 + n % 3) for n in range(parts)])
    low = data.draw(st.integers(0, parts - 2))
    high = data.draw(st.integers(low + 2, parts))
    (start, cut), (again, stop) = known.halves((low, high))
    assert (start, again, stop) == (low, cut, high)
    assert low < cut < high
