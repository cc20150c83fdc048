"""The breaker's pauses, and when a reply on a line without transactions may be believed."""

from agent.protocol.modbus.framing import query
from agent.protocol.modbus.question import Query
from agent.transport.modbus.health import Breaker, Debts

A, B = query(1, "holding", 0, 2), query(1, "holding", 50, 2)
MARK = query(1, "input", 50, 1)


def test_pauses_grow_to_their_limit_and_an_answer_ends_them() -> None:
    breaker = Breaker(limit=2, pause_s=1.0, pause_max_s=8.0)
    breaker.silent(100.0)
    assert not breaker.tripped
    pauses = []
    for _ in range(6):
        breaker.silent(100.0)
        pauses.append(breaker.closed_until - 100.0)
    assert breaker.tripped
    assert all(
        0.75 * full <= pause <= full for pause, full in zip(pauses, (1, 2, 4, 8, 8, 8), strict=True)
    )
    breaker.answered()
    assert not breaker.tripped
    assert breaker.closed_until == 0


def test_the_same_question_may_be_asked_again_but_no_other_of_its_kind() -> None:
    debts = Debts(late_s=5.0)
    debts.owe(A, 100.0)
    assert debts.trusts(A, 101.0)
    assert not debts.trusts(B, 101.0)
    assert debts.trusts(MARK, 101.0)
    debts.settle(A)
    assert not debts.trusts(B, 101.0), "one of two replies came, the other is still owed"


def test_an_answer_by_another_function_settles() -> None:
    debts = Debts(late_s=5.0)
    debts.owe(A, 100.0)
    marker = debts.marker(B)
    assert marker == MARK
    debts.settle(marker)
    assert not debts
    assert debts.trusts(B, 101.0)


def test_two_owed_questions_of_one_kind_trust_neither() -> None:
    debts = Debts(late_s=5.0)
    debts.owe(A, 100.0)
    debts.owe(B, 100.0)
    assert not debts.trusts(A, 101.0)
    assert not debts.trusts(B, 101.0)


def all_owed() -> tuple[Debts, list[Query]]:
    """A unit that answered neither A nor any marker, and the markers in order."""
    debts, markers = Debts(late_s=5.0), []
    debts.owe(A, 100.0)
    while (marker := debts.marker(B)) is not None and marker not in markers:
        markers.append(marker)
        debts.owe(marker, 101.0)
    return debts, markers


def test_when_every_function_is_owed_the_latest_marker_is_asked_again() -> None:
    debts, markers = all_owed()
    assert [marker.table for marker in markers] == ["input", "discrete", "coil"]
    assert debts.marker(B) == markers[-1]
    debts.settle(markers[-1])
    assert debts.trusts(B, 102.0), "A was asked before the marker was"
    assert not debts.trusts(query(1, "coil", 7, 1), 102.0), "one of two replies may yet come"


def test_when_no_marker_proves_anything_only_time_helps() -> None:
    debts, _ = all_owed()
    debts.owe(B, 101.0)
    assert debts.marker(B) is None
    assert not debts.trusts(B, 105.9)
    assert abs(debts.wait_s(B, 104.0) - 2.0) < 1e-9
    assert debts.trusts(B, 106.0)
    assert not debts
