"""The breaker's pauses, and when a reply on a line without transactions may be believed."""

from agent.transport.modbus.framing import query
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


def test_when_every_function_is_owed_only_time_helps() -> None:
    debts = Debts(late_s=5.0)
    debts.owe(A, 100.0)
    while (marker := debts.marker(B)) is not None:
        debts.owe(marker, 101.0)
    assert not debts.trusts(B, 104.9)
    assert abs(debts.wait_s(B, 104.0) - 1.0) < 1e-9
    assert debts.trusts(B, 105.0)
