"""The breaker's pauses, and when a reply on a line without transactions may be believed."""

from agent.protocol.modbus.framing import query
from agent.protocol.modbus.question import Query
from agent.transport.modbus.health import Breaker, LateReplies

A, B = query(1, "holding", 0, 2), query(1, "holding", 50, 2)
MARK = query(1, "input", 50, 1)


def test_pauses_grow_to_their_limit_and_an_answer_ends_them() -> None:
    breaker = Breaker(limit=2, pause_s=1.0, pause_max_s=8.0)
    breaker.silent(100.0)
    assert not breaker.tripped
    pauses = []
    for _ in range(6):
        breaker.silent(100.0)
        pauses.append(breaker.paused_until - 100.0)
    assert breaker.tripped
    assert all(
        0.75 * full <= pause <= full for pause, full in zip(pauses, (1, 2, 4, 8, 8, 8), strict=True)
    )
    breaker.answered()
    assert not breaker.tripped
    assert breaker.paused_until == 0


def test_the_same_question_may_be_asked_again_but_no_other_of_its_kind() -> None:
    late = LateReplies(late_s=5.0)
    late.expect(A, 100.0)
    assert late.trusts(A, 101.0)
    assert not late.trusts(B, 101.0)
    assert late.trusts(MARK, 101.0)
    late.answered(A)
    assert not late.trusts(B, 101.0), "one of two replies came, the other may still come"


def test_an_answer_by_another_function_proves_late_replies_past() -> None:
    late = LateReplies(late_s=5.0)
    late.expect(A, 100.0)
    marker = late.marker(B)
    assert marker == MARK
    late.answered(marker)
    assert not late
    assert late.trusts(B, 101.0)


def test_two_abandoned_questions_of_one_kind_trust_neither() -> None:
    late = LateReplies(late_s=5.0)
    late.expect(A, 100.0)
    late.expect(B, 100.0)
    assert not late.trusts(A, 101.0)
    assert not late.trusts(B, 101.0)


def all_abandoned() -> tuple[LateReplies, list[Query]]:
    """A unit that answered neither A nor any marker, and the markers in order."""
    late, markers = LateReplies(late_s=5.0), []
    late.expect(A, 100.0)
    while (marker := late.marker(B)) is not None and marker not in markers:
        markers.append(marker)
        late.expect(marker, 101.0)
    return late, markers


def test_when_every_function_was_given_up_the_latest_marker_is_asked_again() -> None:
    late, markers = all_abandoned()
    assert [marker.table for marker in markers] == ["input", "discrete", "coil"]
    assert late.marker(B) == markers[-1]
    late.answered(markers[-1])
    assert late.trusts(B, 102.0), "A was asked before the marker was"
    assert not late.trusts(query(1, "coil", 7, 1), 102.0), "one of two replies may yet come"


def test_when_no_marker_proves_anything_only_time_helps() -> None:
    late, _ = all_abandoned()
    late.expect(B, 101.0)
    assert late.marker(B) is None
    assert not late.trusts(B, 105.9)
    assert abs(late.wait_s(B, 104.0) - 2.0) < 1e-9
    assert late.trusts(B, 106.0)
    assert not late
