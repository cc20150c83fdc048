"""What the store still shows, and what it no longer does."""

import pytest

from agent.expose.prometheus.exposition import PrometheusExposition
from agent.model.series import SeriesSet
from agent.model.values import Failure, Identity, PollResult, Quality
from agent.store.latest import DeviceState, Store
from tests.agent.expose.rack import BAD, NOW, Clock, block, poll, series

VOLTAGE = (series("pdu", "rack_phase_voltage_volts", {"phase": "1"}),)
CURRENT = (series("pdu", "rack_phase_current_amperes", {"phase": "1"}),)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Store:
    return Store({"pdu": 30.0, "switch": 30.0}, clock=clock, steady=clock)


def shown(store: Store, device: str | None = None) -> list[object]:
    return [reading.value for reading in store.readings(device)]


def test_a_device_before_its_first_poll_is_neither_up_nor_read(store: Store) -> None:
    state = store.device("switch")
    assert (state.polls, state.up, state.identity, state.last_success_at) == (0, False, None, None)
    assert shown(store) == []
    assert store.devices == ("pdu", "switch")


def test_readings_carry_quality_reason_and_raw_value(store: Store) -> None:
    both = VOLTAGE + CURRENT
    store.put(poll("pdu", {0: (block(both, [230.5, None], raws=[2305, -1], flaws={1: BAD}),)}))
    voltage, current = store.readings("pdu")
    assert (voltage.value, voltage.unit, voltage.quality) == (230.5, "V", Quality.GOOD)
    assert (current.value, current.reason, current.raw) == (None, "sentinel -1", -1)


def test_a_block_replaces_the_one_at_its_position_and_leaves_the_others(store: Store) -> None:
    store.put(poll("pdu", {0: (block(VOLTAGE, [230.0]),), 1: (block(CURRENT, [5.0]),)}))
    store.put(poll("pdu", {0: (block(VOLTAGE, [231.0]),)}))
    assert shown(store) == [231.0, 5.0]


def test_a_failed_request_takes_its_old_readings_with_it(store: Store) -> None:
    store.put(poll("pdu", {0: (block(VOLTAGE, [230.0]),), 1: (block(CURRENT, [5.0]),)}))
    store.put(poll("pdu", {0: (), 1: (block(CURRENT, [6.0]),)}))
    assert shown(store) == [6.0]


def test_a_device_that_is_down_shows_nothing_but_keeps_its_identity(store: Store) -> None:
    known = Identity("APC", "AP8853")
    store.put(poll("pdu", {0: (block(VOLTAGE, [230.0]),)}, identity=known))
    store.put(poll("pdu", {0: (block(VOLTAGE, [230.0]),)}, up=False, at=NOW + 10))
    state = store.device("pdu")
    assert shown(store) == []
    assert (state.up, state.identity, state.polls) == (False, known, 2)
    assert state.last_success_at == NOW + 0.25
    assert state.last_started_at == NOW + 10


def test_a_reading_that_is_not_renewed_vanishes_at_its_limit(store: Store, clock: Clock) -> None:
    store.put(poll("pdu", {0: (block(VOLTAGE, [230.0]),)}))
    clock.now = NOW + 30.0
    assert shown(store) == [230.0]
    clock.now = NOW + 30.1
    assert shown(store) == []


@pytest.mark.parametrize("step_s", [3600.0, -10800.0])
def test_a_clock_that_is_set_makes_nothing_stale(step_s: float) -> None:
    wall, steady = Clock(), Clock()
    steady.now = 100.0
    store = Store({"pdu": 30.0}, clock=wall, steady=steady)
    exposition = PrometheusExposition({"pdu": {}}, clock=wall, steady=steady)
    store.subscribe(exposition.update)
    store.put(poll("pdu", {0: (block(VOLTAGE, [230.0]),), 1: (block(CURRENT, [5.0]),)}))
    wall.now += step_s
    # The clock is set in the middle of the next poll, after the voltage was observed.
    store.put(poll("pdu", {0: (block(VOLTAGE, [231.0]),)}))
    steady.now += 29.7
    assert shown(store) == [231.0, 5.0]
    assert b'rack_phase_voltage_volts{device="pdu",phase="1"} 231' in exposition.render()
    steady.now += 0.5
    assert shown(store) == []
    assert b"rack_phase_voltage_volts{" not in exposition.render()


def test_a_slow_request_keeps_its_readings_for_three_intervals(store: Store, clock: Clock) -> None:
    intervals_s = (0.0,) * 7 + (300.0,)
    blocks = {0: (block(VOLTAGE, [230.0]),), 7: (block(CURRENT, [5.0]),)}
    store.put(poll("pdu", blocks, intervals_s=intervals_s))
    clock.now = NOW + 900.0
    store.put(poll("pdu"))
    assert shown(store) == [5.0]
    assert list(store.device("pdu").requests) == [7], "a stale block is dropped, not only hidden"
    clock.now = NOW + 900.1
    assert shown(store) == []


def test_failures_are_counted_by_kind_and_the_latest_kept(store: Store) -> None:
    timeout, rejected = Failure("timeout", "no answer"), Failure("rejected", "illegal address")
    store.put(poll("pdu", failures=(timeout, timeout, rejected)))
    store.put(poll("pdu", failures=(timeout,)))
    state = store.device("pdu")
    assert state.failures == (timeout,)
    assert state.failure_counts == {"timeout": 3, "rejected": 1}


def test_one_device_does_not_touch_another(store: Store) -> None:
    port = (series("switch", "rack_port_receive_bytes_total", {"port": "1"}),)
    store.put(poll("switch", {0: (block(port, [17]),)}))
    store.put(poll("pdu", up=False))
    assert shown(store) == [17]
    assert shown(store, "pdu") == []


def test_a_state_is_replaced_and_never_edited(store: Store) -> None:
    store.put(poll("pdu", {0: (block(VOLTAGE, [230.0]),)}))
    before = store.device("pdu")
    store.put(poll("pdu", up=False, failures=(Failure("timeout", "no answer"),)))
    assert before.up
    assert [b.values for b in before.blocks(NOW)] == [[230.0]]
    assert before.failure_counts == {}


def test_listeners_hear_of_every_poll_with_the_new_state(store: Store) -> None:
    heard: list[tuple[DeviceState, PollResult]] = []
    store.subscribe(lambda state, result: heard.append((state, result)))
    result = poll("pdu", {0: (block(VOLTAGE, [230.0]),)})
    store.put(result)
    assert heard == [(store.device("pdu"), result)]


def test_a_device_that_is_not_configured_is_a_bug(store: Store) -> None:
    with pytest.raises(KeyError):
        store.put(poll("stranger"))
    with pytest.raises(KeyError):
        store.readings("stranger")


def test_what_listeners_need_of_a_new_set_is_made_before_in_slices() -> None:
    store, made = Store({"pdu-a": 30.0}), []

    def derive(device: str, series_set: SeriesSet) -> None:
        made.append((device, series_set.derive(len)))

    store.subscribe(lambda state, result: None, derive)
    rows = [series("pdu-a", "rack_outlet_power_watts", {"outlet": str(n)}) for n in range(600)]
    blocks = [block(tuple(rows), [1.0] * 600) for _ in range(4)]
    assert len(list(store.prepare("pdu-a", blocks))) == 2
    assert made == [("pdu-a", 600)] * 4
    assert list(store.prepare("pdu-a", blocks)) == []
    assert len(made) == 4
