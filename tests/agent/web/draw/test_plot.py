"""CheckPlots: limits inside, peaks kept, time from the beginning."""

import re

from hypothesis import given
from hypothesis import strategies as st

from agent.web.draw.plot import HEIGHT, WIDTH, plot


def points(drawn: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"([-\d.]+) ([-\d.]+)", drawn)]


def test_nothing_to_draw() -> None:
    assert plot([], [], 0) is None
    assert plot([("a", [])], [("at most", 1.0)], 0) is None


def test_a_limit_is_drawn_even_far_from_the_values() -> None:
    drawn = plot([("a", [(0.0, 1.0), (60.0, 2.0)])], [("at most", 10.0), ("x", float("inf"))], 0)
    assert drawn is not None
    (bound,) = drawn.bounds
    assert bound.text == "at most 10.0"
    ((_, path),) = drawn.paths
    assert drawn.top <= bound.y < min(y for _, y in points(path))


def test_time_counts_from_the_beginning() -> None:
    drawn = plot([("a", [(970.0, 1.0), (1000.0, 1.0), (1090.0, 1.0)])], [], 1000.0)
    assert drawn is not None
    told = [tick.text for tick in drawn.columns]
    assert "0:00" in told
    assert any(text.startswith("\N{MINUS SIGN}0:") for text in told) or told[0] == "0:00"
    long = plot([("a", [(0.0, 1.0), (7_200.0, 1.0)])], [], 0)
    assert long is not None
    assert long.columns[-1].text.startswith(("1:", "2:"))


def test_a_peak_survives_thinning() -> None:
    values = [(float(at), 99.0 if at == 7_777 else 1.0) for at in range(20_000)]
    drawn = plot([("a", values)], [], 0)
    assert drawn is not None
    ((_, path),) = drawn.paths
    shown = points(path)
    assert len(shown) < 400
    assert min(y for _, y in shown) < HEIGHT / 3


@given(
    st.lists(
        st.tuples(st.floats(0, 1e5), st.floats(-1e9, 1e9, allow_subnormal=False)),
        min_size=1,
        max_size=60,
    ),
    st.lists(st.floats(-1e9, 1e9), max_size=2),
)
def test_everything_is_inside(course: list[tuple[float, float]], limits: list[float]) -> None:
    drawn = plot([("a", sorted(course))], [("limit", each) for each in limits], 0)
    assert drawn is not None
    for _, path in drawn.paths:
        for x, y in points(path):
            assert -0.1 <= x <= WIDTH + 0.1
            assert -0.1 <= y <= HEIGHT + 0.1
    for height in (*(tick.at for tick in drawn.rows), *(bound.y for bound in drawn.bounds)):
        assert 0 <= height <= HEIGHT
