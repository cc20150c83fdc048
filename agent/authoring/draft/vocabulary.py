"""The words of MIBs, and the terms of the catalogue that they mean."""

import re
from collections.abc import Mapping

NOT_MEASURED = re.compile(
    r"thresh(?:old)?s?|limits?|warning|critical|lower|upper|min(?:imum)?|max(?:imum)?|hysteresis"
    r"|config(?:uration)?|settings?|setpoint|cmd|command|control|delay|counts?|num(?:ber)?"
    r"|capacity|rat(?:ing|ed)|nominal|enabled?|alarm|time(?:stamp)?|reset|trap|address|id|index"
    r"|capabilities|mode|offset|margin|history|logs?|previous|low|high|priority|orientation"
    r"|sequence|supported|installed"
)
"""Words in names of settings, which are not measurements."""

COMPONENTS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (component, re.compile(telling))
    for component, telling in (
        ("outlet", r"outlets?|receptacles?|sockets?|relays?"),
        ("branch", r"branch(?:es)?|banks?|breakers?|circuits?|ocp|group|cb"),
        ("phase", r"phases?"),
        ("line", r"lines?"),
        ("battery", r"batt(?:ery|eries)?"),
        ("psu_output", r"psu|rectifiers?|supply|psm"),
        ("output", r"outputs?"),
        ("inlet", r"inlets?|inputs?|cord|infeed|mains?|feed|in|unit|device"),
    )
)
"""Words and the component of a rack that they mean; the first that fits counts."""

QUANTITIES: tuple[tuple[str, str], ...] = (
    (
        r"\butili[sz]ed\b|utili[sz]ation|percent ?load|load ?percent|(?<!power )\bload$",
        "utilization_ratio",
    ),
    (r"power factor|\bpf\b", "power_factor_ratio"),
    (r"apparent power|\bva\b|\bvolt amps?\b|\bkva\b", "apparent_power_voltamperes"),
    (r"reactive power|\bvars?\b|\bkvar\b", "reactive_power_voltamperes_reactive"),
    (r"energy|\bk?wh\b|watt ?hours?\b|kilowatt ?hours?\b", "energy_joules_total"),
    (r"frequency|\bhertz\b", "frequency_hertz"),
    (r"voltage|\bvolts?\b", "voltage_volts"),
    (r"current|\bamps?\b|\bamperes?\b|\bamperage\b", "current_amperes"),
    (r"(?:active |real )?power\b|\bk?watts?\b|\bwattage\b", "power_watts"),
)
"""Words for electrical quantities, and the ending of their metric."""

UNIT_WORDS: tuple[tuple[str, str], ...] = (
    (r"milli ?volts?|\bmv\b", "mV"),
    (r"milli ?amp(?:ere)?s?|\bma\b", "mA"),
    (r"milli ?watts?", "mW"),
    (r"kilo ?watt[- ]?hours?|\bkwh\b", "kWh"),
    (r"watt[- ]?hours?|\bwh\b", "Wh"),
    (r"kilo ?volt[- ]?amp\w*|\bkva\b", "kVA"),
    (r"volt[- ]amp(?:ere)?s?[- ]reactive|\bvars?\b", "VAr"),
    (r"volt[- ]?amp(?:ere)?s?|\bva\b", "VA"),
    (r"kilo ?watts?|\bkw\b", "kW"),
    (r"watts?\b|\bw\b", "W"),
    (r"volts?\b|\bv\b", "V"),
    (r"amp(?:ere)?s?\b|\ba\b|deci ?amp\w*", "A"),
    (r"hertz|\bhz\b", "Hz"),
    (r"celsius|centigrade|deg(?:ree)?s? ?c\b|\bc\b", "degC"),
    (r"fahrenheit|deg(?:ree)?s? ?f\b", "degF"),
    (r"relative humidity|\brh\b|%rh", "%RH"),
    (r"percent(?:age)?|%", "%"),
    (r"\brpm\b|revolutions", "rpm"),
    (r"liters? per minute|litres? per minute|\bl/min\b|\blpm\b", "L/min"),
    (r"liters? per second|litres? per second|\bl/s\b", "L/s"),
    (r"\bcfm\b|cubic feet", "cfm"),
    (r"\bgpm\b|gallons?", "gpm"),
    (r"kilo ?pascals?|\bkpa\b", "kPa"),
    (r"pascals?|\bpa\b", "Pa"),
    (r"\bpsi\b", "psi"),
    (r"\bm?bars?\b", "bar"),
)

FRACTIONS: tuple[tuple[str, str], ...] = (
    (r"thousandths?|0?\.001\b|1/1000\b|\bx ?1000\b|times 1000\b|\* ?1000\b", "0.001"),
    (r"hundredths?|0?\.01\b|1/100\b|\bx ?100\b|times 100\b|\* ?100\b|centi(?=[a-z])", "0.01"),
    (r"tenths?|0?\.1\b|1/10\b|\bx ?10\b|times 10\b|\* ?10\b|deci(?=[a-z])", "0.1"),
)

DEFAULT_UNIT = {
    "voltage_volts": "V",
    "current_amperes": "A",
    "power_watts": "W",
    "apparent_power_voltamperes": "VA",
    "reactive_power_voltamperes_reactive": "VAr",
    "energy_joules_total": "kWh",
    "frequency_hertz": "Hz",
    "power_factor_ratio": "ratio",
    "utilization_ratio": "%",
}
USUAL: Mapping[str, tuple[float, float]] = {
    "V": (10, 700),
    "Hz": (15, 410),
    "ratio": (0, 1),
    "degC": (-20, 70),
    "degF": (0, 160),
    "%RH": (0, 100),
    "%": (0, 100),
    "A": (0, 400),
}
"""The usual range in a rack by unit: a raw value far outside has an undocumented scale."""

SENTINELS = frozenset(
    (-1, -9999, -999, -998, 9999, 32767, -32768, 65535, 2147483647, -2147483648, 4294967295)
)
HEALTH = re.compile(r"\b(?:status|state|health|condition|alarm state)\b")
STATE_METRICS = {
    "outlet": "rack_outlet_status",
    "branch": "rack_branch_state",
    "phase": "rack_phase_state",
    "line": "rack_line_state",
    "inlet": "rack_inlet_state",
    "output": "rack_output_state",
    "psu_input": "rack_psu_state",
    "psu_output": "rack_psu_state",
    "battery": "rack_battery_state",
}

LABELS: tuple[tuple[str, frozenset[str]], ...] = (
    ("outlet", frozenset({"outlet", "receptacle", "socket", "relay"})),
    ("branch", frozenset({"branch", "bank", "breaker", "circuit", "ocp", "group", "protector"})),
    ("phase", frozenset({"phase"})),
    ("line", frozenset({"line"})),
    ("psu", frozenset({"psu", "rectifier"})),
    ("battery", frozenset({"battery"})),
    ("fan", frozenset({"fan"})),
    ("pump", frozenset({"pump"})),
    ("inlet", frozenset({"inlet", "input", "infeed", "cord"})),
    ("output", frozenset({"output"})),
    ("sensor", frozenset({"sensor", "probe", "temp", "humid", "temperature", "humidity"})),
    ("unit", frozenset({"unit", "pdu", "device", "tower", "module", "ident"})),
)
"""Words in names of an index, and its label; the first that fits counts."""

INFO = (
    ("vendor", r"\b(?:manufacturer|vendor|mfr)(?: name)?$"),
    ("model", r"\b(?:model|product)(?: (?:name|number|type))?$"),
    ("serial", r"\b(?:serial(?: ?num(?:ber)?)?|sn)$"),
    ("firmware", r"\b(?:firmware|software|fw|sw)(?: ?(?:version|rev(?:ision)?))?$"),
)
"""Names of the columns of the identity."""

KINDS = (
    ("cdu", r"rack_coolant_|rack_pump_"),
    ("pdu", r"rack_(?:outlet|branch|phase|line|inlet)_"),
    ("power_shelf", r"rack_psu_"),
    ("bbu", r"rack_battery_"),
    ("cooling", r"rack_fan_|rack_airflow_"),
    ("sensor", r"rack_air_|rack_relative_humidity_|rack_sensor_"),
)
"""Metrics and the kind of device that they mean; the first that fits counts."""

FRAGMENTS = {
    "system": "1.3.6.1.2.1.1",
    "if-mib": "1.3.6.1.2.1.2.2",
    "entity-physical": "1.3.6.1.2.1.47.1.1.1",
    "entity-sensor": "1.3.6.1.2.1.99.1.1",
    "lldp": "1.0.8802.1.1.2",
}
"""The standard MIBs that profiles include, and the OID at which each begins."""
