"""Short ways to read a simulated rack in tests."""

from statistics import fmean, pstdev

from simulator.model import RackModel, load_model


def settled(model: str = "nvl72", load: float = 1.0, seed: int = 7) -> RackModel:
    """A rack that has run at this load for a while."""
    rack = RackModel(load_model(model), seed, load=load)
    rack.step(900)
    return rack


def number(rack: RackModel, role: str, metric: str, **labels: str) -> float:
    """What a device shows now, as a number."""
    value = rack.find(role, metric, labels)
    assert isinstance(value, float | int), f"{role} shows no number for {metric} {labels}"
    return float(value)


def word(rack: RackModel, role: str, metric: str, **labels: str) -> str:
    """What a device shows now, as a state's name."""
    value = rack.find(role, metric, labels)
    assert isinstance(value, str), f"{role} shows no state for {metric} {labels}"
    return value


def series(rack: RackModel, role: str, metric: str, seconds: int, **labels: str) -> list[float]:
    """What a device shows over the next seconds."""
    values = []
    for _ in range(seconds):
        rack.step()
        values.append(number(rack, role, metric, **labels))
    return values


def mean(rack: RackModel, role: str, metric: str, **labels: str) -> float:
    """Mean over the next half minute, to read through the noise."""
    return fmean(series(rack, role, metric, 30, **labels))


def spread(rack: RackModel, role: str, metric: str, **labels: str) -> float:
    """Standard deviation over the next minute."""
    return pstdev(series(rack, role, metric, 60, **labels))


def broken(fault: str, wait_s: int, /, **params: object) -> RackModel:
    """An NVL72-class rack at full load that has had this fault for a while."""
    rack = settled()
    rack.inject(fault, **params)
    rack.step(wait_s)
    return rack


def alarms(rack: RackModel, role: str) -> set[str]:
    """Names of the alarms that a device reports."""
    observed = rack.observe(role).items()
    return {
        dict(labels)["alarm"]
        for (metric, labels), value in observed
        if metric == "rack_alarm_active" and value == 1.0
    }


FLOW = "rack_coolant_flow_liters_per_second"
TEMPERATURE = "rack_coolant_temperature_celsius"
PRESSURE = "rack_coolant_pressure_pascals"
DIFFERENCE = "rack_coolant_differential_pressure_pascals"
SUPPLY = {"loop": "technology", "side": "supply"}
RETURN = {"loop": "technology", "side": "return"}
"""Labels of the technology loop's two temperatures."""
