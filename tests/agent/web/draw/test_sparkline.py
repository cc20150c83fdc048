"""Sparklines: inside their frame, broken where nothing was read."""

from hypothesis import given
from hypothesis import strategies as st

from agent.web.draw.sparkline import HEIGHT, SPAN_S, WIDTH, path

NOW = 1_000_000.0


def coordinates(drawn: str) -> list[tuple[str, float, float]]:
    found = []
    for part in drawn.replace("M", " M").replace("L", " L").split(" M"):
        for number, pair in enumerate(part.strip().split(" L")):
            if pair:
                x, y = pair.split()
                found.append(("L" if number else "M", float(x), float(y)))
    return found


def test_nothing_to_draw() -> None:
    assert path([], NOW) == ""
    assert path([(NOW, 1.0)], NOW) == ""
    assert path([(NOW - SPAN_S - 20, 1.0), (NOW - SPAN_S - 10, 2.0)], NOW) == ""


def test_a_rise_goes_up_and_a_constant_stays_in_the_middle() -> None:
    (_, _, low), (_, x, high) = coordinates(path([(NOW - 10, 1.0), (NOW, 2.0)], NOW))
    assert low > high
    assert x == WIDTH - 2
    assert {y for _, _, y in coordinates(path([(NOW - 10, 5.0), (NOW, 5.0)], NOW))} == {HEIGHT / 2}


def test_a_gap_lifts_the_pen() -> None:
    times = [0, 10, 20, 30, 200, 210]
    drawn = path([(NOW + at, float(at)) for at in times], NOW + 210)
    assert [pen for pen, _, _ in coordinates(drawn)] == ["M", "L", "L", "L", "M", "L"]


@given(st.lists(st.tuples(st.floats(0, 800), st.floats(-1e9, 1e9)), min_size=2, max_size=50))
def test_it_stays_inside(points: list[tuple[float, float]]) -> None:
    shown = sorted((NOW - age, value) for age, value in points)
    for _, x, y in coordinates(path(shown, NOW)):
        assert 0 <= x <= WIDTH
        assert 0 <= y <= HEIGHT
