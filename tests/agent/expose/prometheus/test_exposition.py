"""What a scrape returns, line by line, and what it must never return."""

import os
import shutil
import subprocess
from collections.abc import Mapping

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families as parse_text

from agent.expose.prometheus.exposition import PrometheusExposition
from agent.expose.prometheus.exposition_format import ExpositionFormat
from agent.model.catalogue import CATALOGUE, Kind
from agent.model.values import Failure, Flaw, Identity, Quality, Value
from agent.store.latest import Store
from tests.agent.expose.rack import (
    BAD,
    LABELS,
    NOW,
    OUTLETS,
    PHASES,
    Rack,
    block,
    parse_openmetrics,
    poll,
    series,
)

RACK_A = 'site="lab",rack="r1",device="pdu-a",feed="A"'

TEXT = f"""\
# HELP rack_coolant_temperature_celsius Coolant temperature.
# TYPE rack_coolant_temperature_celsius gauge
rack_coolant_temperature_celsius{{site="lab",rack="r1",device="cdu",loop="technology",side="supply"}} 23.1
# HELP rack_device_info Identity that the device reports.
# TYPE rack_device_info gauge
rack_device_info{{{RACK_A},firmware="v6.4",model="AP8853",profile="apc-rpdu2",vendor="APC"}} 1
# HELP rack_inlet_energy_joules_total Active energy since the meter's reset: inlet of the unit.
# TYPE rack_inlet_energy_joules_total counter
rack_inlet_energy_joules_total{{{RACK_A},inlet="1"}} 3600000000
# HELP rack_outlet_state Switching state of an outlet.
# TYPE rack_outlet_state gauge
rack_outlet_state{{{RACK_A},outlet="1",state="off"}} 0
rack_outlet_state{{{RACK_A},outlet="1",state="on"}} 1
# HELP rack_phase_power_watts Active power: one phase (or pair of lines) of an inlet.
# TYPE rack_phase_power_watts gauge
rack_phase_power_watts{{{RACK_A},phase="1"}} 1230
# HELP rack_phase_voltage_volts Voltage: one phase (or pair of lines) of an inlet.
# TYPE rack_phase_voltage_volts gauge
rack_phase_voltage_volts{{{RACK_A},phase="1"}} 242.0
"""  # noqa: E501 - lines as a scrape shows them

OPENMETRICS = f"""\
# HELP rack_coolant_temperature_celsius Coolant temperature.
# TYPE rack_coolant_temperature_celsius gauge
# UNIT rack_coolant_temperature_celsius celsius
rack_coolant_temperature_celsius{{site="lab",rack="r1",device="cdu",loop="technology",side="supply"}} 23.1
# HELP rack_device Identity that the device reports.
# TYPE rack_device info
rack_device_info{{{RACK_A},firmware="v6.4",model="AP8853",profile="apc-rpdu2",vendor="APC"}} 1
# HELP rack_inlet_energy_joules Active energy since the meter's reset: inlet of the unit.
# TYPE rack_inlet_energy_joules counter
# UNIT rack_inlet_energy_joules joules
rack_inlet_energy_joules_total{{{RACK_A},inlet="1"}} 3600000000
# HELP rack_outlet_state Switching state of an outlet.
# TYPE rack_outlet_state gauge
rack_outlet_state{{{RACK_A},outlet="1",state="off"}} 0
rack_outlet_state{{{RACK_A},outlet="1",state="on"}} 1
# HELP rack_phase_power_watts Active power: one phase (or pair of lines) of an inlet.
# TYPE rack_phase_power_watts gauge
# UNIT rack_phase_power_watts watts
rack_phase_power_watts{{{RACK_A},phase="1"}} 1230
# HELP rack_phase_voltage_volts Voltage: one phase (or pair of lines) of an inlet.
# TYPE rack_phase_voltage_volts gauge
# UNIT rack_phase_voltage_volts volts
rack_phase_voltage_volts{{{RACK_A},phase="1"}} 242.0
"""  # noqa: E501 - lines as a scrape shows them


@pytest.fixture
def rack() -> Rack:
    return Rack()


def readings_of(
    exposition: PrometheusExposition, form: ExpositionFormat = ExpositionFormat.TEXT
) -> str:
    """The part about the rack, before the agent's own metrics."""
    return exposition.render(form).decode().partition("# HELP rackagent_")[0]


def own(rack: Rack, name: str) -> dict[str, float]:
    """Samples of one of the agent's metrics: device (and what else tells them apart) -> value."""
    ours = {"site", "rack", "feed"}
    return {
        " ".join(value for key, value in s.labels.items() if key not in ours): s.value
        for family in parse_text(rack.exposition.render().decode())
        for s in family.samples
        if s.name == name
    }


def strict(rack: Rack) -> Mapping[str, Metric]:
    text = rack.exposition.render(ExpositionFormat.OPENMETRICS).decode()
    return {family.name: family for family in parse_openmetrics(text)}


def test_a_small_rack_in_prometheus_text(rack: Rack) -> None:
    assert readings_of(rack.exposition) == TEXT


def test_a_small_rack_in_openmetrics(rack: Rack) -> None:
    assert readings_of(rack.exposition, ExpositionFormat.OPENMETRICS) == OPENMETRICS


def test_both_parsers_of_prometheus_client_read_the_same_numbers(rack: Rack) -> None:
    def rack_samples(families: list[Metric]) -> set[tuple[str, str, float]]:
        samples = (s for f in families for s in f.samples if s.name.startswith("rack_"))
        return {(s.name, str(sorted(s.labels.items())), s.value) for s in samples}

    text = list(parse_text(rack.exposition.render().decode()))
    assert rack_samples(text) == rack_samples(list(strict(rack).values()))
    assert len(rack_samples(text)) == 7
    assert strict(rack)["rack_phase_voltage_volts"].unit == "volts"


@pytest.mark.peer
def test_promtool_has_nothing_to_say() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        if os.environ.get("CI") == "true":
            pytest.fail("promtool is not installed (Debian package prometheus)")
        pytest.skip("promtool is not installed (Debian package prometheus)")
    rack = Rack()
    text = rack.exposition.render()
    done = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, timeout=20, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_a_rack_with_every_metric_of_the_catalogue_is_strict_in_both_formats() -> None:
    rack = Rack(filled=False)
    every = tuple(
        series("cdu", name, {"name": 'a "b" \\ c\nd'}, states=("off", "on"))
        for name in CATALOGUE
        if name != "rack_device_info"
    )
    values: list[Value] = ["on" if s.metric.kind is Kind.STATE else 1 for s in every]
    rack.store.put(poll("cdu", {0: (block(every, values),)}))
    names = {s.name for family in strict(rack).values() for s in family.samples}
    assert {s.metric.name for s in every} <= names
    text_names = {f.name for f in parse_text(rack.exposition.render().decode())}
    assert len(text_names) >= len(every)


def test_a_family_stands_in_one_piece_over_all_devices(rack: Rack) -> None:
    voltages = (series("pdu-b", "rack_phase_voltage_volts", {"phase": "1"}),)
    rack.store.put(poll("pdu-b", {0: (block(voltages, [231.0]),)}))
    assert (
        f'rack_phase_voltage_volts{{{RACK_A},phase="1"}} 242.0\n'
        'rack_phase_voltage_volts{site="lab",rack="r1",device="pdu-b",feed="B",phase="1"} 231.0\n'
    ) in readings_of(rack.exposition)
    assert readings_of(rack.exposition).count("# TYPE rack_phase_voltage_volts ") == 1


def test_a_new_poll_shows_new_values_also_of_states(rack: Rack) -> None:
    rack.store.put(
        poll("pdu-a", {0: (block(PHASES, [243.5, 230, 0.0]),), 1: (block(OUTLETS, ["off", 7]),)})
    )
    text = readings_of(rack.exposition)
    assert 'phase="1"} 243.5\n' in text
    assert 'phase="2"} 230\n' in text
    assert f'rack_phase_power_watts{{{RACK_A},phase="1"}} 0.0\n' in text
    assert 'outlet="1",state="off"} 1\n' in text
    assert 'outlet="1",state="on"} 0\n' in text


def test_a_value_of_bad_quality_is_not_a_number_even_if_it_has_one(rack: Rack) -> None:
    rack.store.put(poll("pdu-a", {0: (block(PHASES, [9999.0, 230.0, 1.0], flaws={0: BAD}),)}))
    assert 'phase="1"} 9999' not in readings_of(rack.exposition)
    assert 'phase="2"} 230.0' in readings_of(rack.exposition)


def test_an_uncertain_value_is_shown_and_counted(rack: Rack) -> None:
    doubtful = Flaw(Quality.UNCERTAIN, "the device clamped it")
    rack.store.put(poll("pdu-a", {0: (block(PHASES, [242.0, 1.0, 2.0], flaws={0: doubtful}),)}))
    assert 'phase="1"} 242.0' in readings_of(rack.exposition)
    assert own(rack, "rackagent_device_readings")["pdu-a uncertain"] == 1


@pytest.mark.parametrize("state", [None, "unknown(7)"])
def test_a_state_that_is_bad_or_not_listed_has_no_line(rack: Rack, state: str | None) -> None:
    rack.store.put(poll("pdu-a", {1: (block(OUTLETS, [state, 7]),)}))
    assert "rack_outlet_state" not in readings_of(rack.exposition)
    assert 'inlet="1"} 7' in readings_of(rack.exposition)


def test_info_metrics_are_one_and_bad_ones_absent() -> None:
    rack = Rack(filled=False)
    ports = tuple(series("cdu", "rack_port_info", {"port": p, "alias": f"to {p}"}) for p in "12")
    rack.store.put(poll("cdu", {0: (block(ports, ["swp1", None]),)}))
    line = 'rack_port_info{site="lab",rack="r1",device="cdu",alias="to 1",port="1"} 1\n'
    assert readings_of(rack.exposition).endswith(f"# TYPE rack_port_info gauge\n{line}")


def test_readings_that_are_not_renewed_disappear(rack: Rack) -> None:
    rack.clock.now = NOW + 31
    text = readings_of(rack.exposition)
    assert "rack_phase" not in text
    assert own(rack, "rackagent_device_readings")["cdu good"] == 0
    assert own(rack, "rackagent_reading_age_seconds") == {"pdu-a": 30.75, "cdu": 30.75}


def test_a_device_that_goes_down_loses_every_line_and_gets_them_back(rack: Rack) -> None:
    before = readings_of(rack.exposition)
    rack.store.put(poll("pdu-a", up=False, failures=(Failure("timeout", "no answer"),)))
    text = readings_of(rack.exposition)
    assert 'device="pdu-a"' not in text
    assert 'device="cdu"' in text
    assert own(rack, "rackagent_device_up") == {"pdu-a": 0, "cdu": 1, "pdu-b": 0}
    rack.fill()
    assert readings_of(rack.exposition) == before


def test_a_failed_request_costs_only_its_own_lines(rack: Rack) -> None:
    rack.store.put(poll("pdu-a", {0: ()}))
    text = readings_of(rack.exposition)
    assert "rack_phase" not in text
    assert "rack_outlet_state" in text


def test_a_series_that_is_read_twice_is_printed_once_and_counted(rack: Rack) -> None:
    again = (
        series("pdu-a", "rack_phase_voltage_volts", {"phase": "1"}),
        series("pdu-a", "rack_phase_voltage_volts", {"phase": "3"}),
    )
    rack.store.put(poll("pdu-a", {2: (block(again, [111.0, 239.0]), block(again, [1.0, 2.0]))}))
    voltages = [
        line.rsplit(",", 1)[1]
        for line in readings_of(rack.exposition).splitlines()
        if line.startswith("rack_phase_voltage")
    ]
    assert voltages == ['phase="1"} 242.0', 'phase="3"} 239.0']
    assert own(rack, "rackagent_duplicate_series") == {"pdu-a": 3, "cdu": 0, "pdu-b": 0}
    rack.store.put(poll("pdu-a", {0: ()}))
    assert 'phase="1"} 111.0\n' in readings_of(rack.exposition), "the second takes its place"
    assert own(rack, "rackagent_duplicate_series")["pdu-a"] == 2


def test_the_same_labels_in_another_order_are_the_same_series() -> None:
    rack = Rack(filled=False)
    pair = (
        series("cdu", "rack_fan_speed_rpm", {"fan": "1", "module": "2", "name": ""}),
        series("cdu", "rack_fan_speed_rpm", {"module": "2", "fan": "1"}),
    )
    rack.store.put(poll("cdu", {0: (block(pair, [900, 901]),)}))
    assert readings_of(rack.exposition).count("\nrack_fan_speed_rpm{") == 1


def test_a_profile_label_never_replaces_one_of_the_device() -> None:
    rack = Rack(filled=False)
    outlets = (series("pdu-a", "rack_outlet_power_watts", {"device": "x", "feed": "B"}),)
    rack.store.put(poll("pdu-a", {0: (block(outlets, [5]),)}))
    assert f'{{{RACK_A},exported_device="x",exported_feed="B"}} 5\n' in readings_of(rack.exposition)


def test_series_that_the_normaliser_made_anew_are_rendered_anew(rack: Rack) -> None:
    renamed = (series("pdu-a", "rack_phase_voltage_volts", {"phase": "9"}),)
    rack.store.put(poll("pdu-a", {0: (block(renamed, [242.0]),)}))
    assert 'phase="9"} 242.0' in readings_of(rack.exposition)
    assert 'phase="1"' not in readings_of(rack.exposition)


def test_the_identity_is_kept_while_polls_do_not_repeat_it(rack: Rack) -> None:
    rack.store.put(poll("pdu-a", {0: (block(PHASES, [1, 2, 3]),)}))
    assert 'model="AP8853"' in readings_of(rack.exposition)
    rack.store.put(poll("pdu-a", identity=Identity("APC", "AP7920B", "5A1")))
    text = readings_of(rack.exposition)
    assert text.count("\nrack_device_info{") == 1
    assert 'model="AP7920B",profile="apc-rpdu2",serial="5A1"' in text


def test_the_identity_has_one_line_whatever_a_profile_reads() -> None:
    rack = Rack(filled=False)
    rows = (series("pdu-a", "rack_device_info", {"model": "other"}),)
    rack.store.put(poll("pdu-a", {0: (block(rows, [1]),)}, identity=Identity(model="AP8853")))
    assert readings_of(rack.exposition).count("\nrack_device_info{") == 1
    assert "other" not in readings_of(rack.exposition)


def test_the_agent_tells_of_its_own_work(rack: Rack) -> None:
    rack.store.put(poll("cdu", {0: ()}, failures=(Failure("rejected", "exception 2"),)))
    assert own(rack, "rackagent_polls_total") == {"pdu-a": 1, "cdu": 2, "pdu-b": 1}
    assert own(rack, "rackagent_poll_failures_total") == {"pdu-b timeout": 1, "cdu rejected": 1}
    assert own(rack, "rackagent_poll_duration_seconds_count")["cdu"] == 2
    assert own(rack, "rackagent_poll_duration_seconds_sum")["cdu"] == 0.5
    buckets = own(rack, "rackagent_poll_duration_seconds_bucket")
    assert (buckets["cdu 0.1"], buckets["cdu 0.25"], buckets["cdu +Inf"]) == (0, 2, 2)
    readings = own(rack, "rackagent_device_readings")
    assert (readings["pdu-a good"], readings["pdu-a bad"], readings["pdu-b good"]) == (4, 1, 0)
    assert set(own(rack, "process_resident_memory_bytes")) == {""}
    families = strict(rack)
    assert families["rackagent_build"].type == "info"
    assert families["rackagent_device_up"].samples[0].labels == LABELS["pdu-a"]


def test_an_agent_that_has_read_nothing_yet_serves_a_valid_exposition() -> None:
    rack = Rack(filled=False)
    assert readings_of(rack.exposition) == ""
    assert own(rack, "rackagent_device_up") == {}
    assert "rackagent_device_up" in strict(rack)


def test_the_device_label_is_there_even_if_nobody_gave_it() -> None:
    store = Store({"pdu": 30.0}, clock=lambda: NOW, steady=lambda: NOW)
    exposition = PrometheusExposition({"pdu": {}}, clock=lambda: NOW, steady=lambda: NOW)
    store.subscribe(exposition.update)
    store.put(poll("pdu", {0: (block((series("pdu", "rack_inlet_power_watts"),), [5]),)}))
    assert 'rack_inlet_power_watts{device="pdu"} 5\n' in readings_of(exposition)
