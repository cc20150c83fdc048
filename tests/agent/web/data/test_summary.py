"""A device in a few words."""

from collections.abc import Iterator

import pytest

from agent.model.catalogue import CATALOGUE
from agent.model.values import Value
from agent.web.data.query import Finder, Labels, Look
from agent.web.data.summary import METRICS, summarise
from tests.agent.web.views import View, said


@pytest.mark.parametrize("kind", ["pdu", "power_shelf", "bbu", "cdu", "cooling", "switch", "other"])
def test_a_summary_looks_at_nothing_that_it_leaves_out(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: set[str] = set()
    plain = dict.get

    class Found(dict[str, tuple[tuple[Labels, Value], ...]]):
        def get(self, metric, default=None):  # type: ignore[no-untyped-def]
            asked.add(metric)
            return plain(self, metric, default)

    monkeypatch.setattr(Finder, "look", lambda *_: Look(Found()))
    view = View({"d": kind})
    view.tell("d", said("air_temperature_celsius", 21.0))
    summarise(view.views[0], view.store.device("d"), view.clock.now, Finder(METRICS))
    assert len(asked) > 5
    assert asked <= METRICS <= CATALOGUE.keys()


def numbers(view: View) -> Iterator[str]:
    return (view.site.summary(each).figure for each in view.views)


async def test_summaries_are_made_ahead_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.web.data.summary._AT_A_TIME_S", -1.0)
    view = View(dict.fromkeys("abc", "other"))
    for name in "abc":
        view.tell(name, said("air_temperature_celsius", 21.0))
    await view.site.refresh()
    monkeypatch.setattr("agent.web.data.summary.summarise", None)  # nothing is left to be made
    assert list(numbers(view)) == ["21.0\N{NO-BREAK SPACE}°C"] * 3


def test_what_is_looked_for_is_found_in_other_rows_too() -> None:
    view, finder = View({"d": "other"}), Finder(frozenset({"rack_air_temperature_celsius"}))
    for sensor in ("1", "2"):
        air = said("air_temperature_celsius", 21.0, sensor=sensor)
        view.tell("d", {**air, **said("relative_humidity_ratio", 0.4)})
        for _ in range(2):
            seen = finder.look(view.store.device("d"), view.clock.now)
            assert dict(seen.found) == {
                "rack_air_temperature_celsius": (({"sensor": sensor}, 21.0),)
            }
