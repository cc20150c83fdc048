"""A generation of one cooling unit and two meters, small enough to read."""

from pathlib import Path

from agent.commission.judge import CheckContext, Span, judge
from agent.commission.judge.window import Window
from agent.commission.records import CheckResult, Sample
from agent.commission.spec.generation import Generation, load_generation
from tests.agent.commission.making import START

TEXT = """\
generation: small
version: 1.0.0
title: A small rack
devices:
  cdu: {kind: cdu, roles: [cdu], source: (e)}
  meter: {kind: pdu, roles: [meter-1..2], source: (e)}
constants:
  setpoint: {value: 30, unit: degC, source: (e)}
  rated: {value: 10, unit: kW, source: (e)}
curves:
  flow_at: {x: degC, y: L/min, points: [[25, 60], [35, 90]], source: (e)}
signals:
  supply: {of: cdu, metric: rack_coolant_temperature_celsius, moves: true}
  flow: {of: cdu, metric: rack_coolant_flow_liters_per_second}
  power: {of: meter, metric: rack_inlet_power_watts}
  total: {of: meter, metric: rack_inlet_power_watts, take: sum}
  phases: {of: meter, metric: rack_phase_current_amperes, count: 3}
  phase_mean: {of: meter, metric: rack_phase_current_amperes, take: mean, by: [device]}
  errors: {of: meter, metric: rack_port_receive_errors_total}
  alarms: {of: cdu, metric: rack_alarm_active}
  pump: {of: cdu, metric: rack_pump_state}
  who: {of: meter, metric: rack_device_info}
formulas:
  load: total / rated
steps:
  run: {title: Run, hold: 1m}
stages: {L11: [run]}
checks:
"""


def generation(folder: Path, *checks: str, name: str = "small", text: str = TEXT) -> Generation:
    """That generation with these checks, each ``name: {...}`` without what every check has."""
    rest = "number: 1, title: t, during: run, source: (e)}"
    lines = "".join(f"  {check.rstrip('}')}, {rest}\n" for check in checks) or "  {}\n"
    path = folder / f"{name}.yaml"
    path.write_text(text + lines, encoding="utf-8")
    return load_generation(path, {})


def judged(
    folder: Path,
    check: str,
    *series: list[Sample],
    seconds: float = 60.0,
    before: float = 0.0,
    confirmed: float | None = START,
) -> CheckResult:
    """How a check ends on these samples; the step lasts from START to START + ``seconds``."""
    found = generation(folder, f"it: {check}")
    samples = [sample for each in series for sample in each]
    end = START + seconds
    window = Window(samples, START - before, end)
    devices = {role: role for role in found.roles}
    case = CheckContext(found, window, Span(START, confirmed, START, end), devices, before_s=before)
    return judge("it", found.spec.checks["it"], case)
