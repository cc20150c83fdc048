"""DC power systems, inverters and power analysers of the corpus."""

from tests.drivers.recorded import ORACLE, SAME, Recorded

TENTHS_BY_SETTING = (
    f"{ORACLE}a setting says tenths of an ampere (MIB), which the oracle does not ask"
)
TENTHS = f"{ORACLE}the MIB says tenths; so do watts and volts (179 W at 53.5 V)"
SETTING = "how the device is set up, not what it measures"
UNKNOWN_UNIT = "ampere-hours or per cent by a setting the agent does not tell, and never amperes"
COUNT = f"{ORACLE}how many rectifiers there are is a number and not a state"
NO_TEST = "0 until a battery test has been made; the alarm for it is off"
UNWATCHED = "0 while the temperature monitor is off; the sensor itself says something else"
DEVIATION = "how far a tap is from what it should be, and its monitor says 'error'"
REACTIVE = f"{ORACLE}reactive energy is not energy"

WEBPOWER = "1.3.6.1.4.1.12148.9"
ENEXUS = "1.3.6.1.4.1.12148.10"
SMU = "1.3.6.1.4.1.2011.6.164.1"
JANITZA = "1.3.6.1.4.1.34278"
RECORDINGS = {
    "cetpower": Recorded("cet-t2s", ("TSI Inverter", "1295", "7.4.0"), parts=3),
    "deltaorion_deltaorion": Recorded(
        "delta-orion",
        ("Orion", None, "B8.35Build03"),
        states={"20246.2.3.1.1.1.2.10.1.1.3.1": "active"},
    ),
    "eaton-sc200": Recorded(
        "eaton-sc200",
        ("SY106769", "315646", "4.04"),
        states={
            "1918.2.13.10.60.30.1.120.1": "registered",
            "1918.2.13.10.90.40.1.20.5": "active_minor",
            "1918.2.13.10.90.40.1.30.5": "open",
        },
        parts=3,
    ),
    "eltek-webpower": Recorded(
        "eltek-webpower",
        ("WebPower(402414.003)", SAME, "4.11"),
        {
            f"current {WEBPOWER}.3.20.2.0": UNKNOWN_UNIT,
            f"current {WEBPOWER}.3.20.3.0": UNKNOWN_UNIT,
            f"percent {WEBPOWER}.3.20.5.0": NO_TEST,
            f"state {WEBPOWER}.5.1.0": COUNT,
            f"state {WEBPOWER}.5.2.0": COUNT,
        },
        {
            "12148.9.2.2.0": "float_temperature_compensated",
            "12148.9.3.17.1.0": "connected",
            "12148.9.5.5.2.1.2.0": "normal",
        },
        hardware="behind the WebPower adapter the oracle names the controller",
        otherwise=True,
        least=0.84,
        least_states=0.75,
        parts=3,
    ),
    "enexus": Recorded(
        "eltek-enexus",
        ("Micropack System", SAME, "2.7.4"),
        {
            f"current {ENEXUS}.5.2.5.0": TENTHS_BY_SETTING,
            f"current {ENEXUS}.9.2.5.0": TENTHS_BY_SETTING,
            f"load {ENEXUS}.10.12.5.0": NO_TEST,
            f"temperature {ENEXUS}.10.7.5.0": UNWATCHED,
        },
        {
            "12148.10.2.3.0": "float",
            "12148.10.10.18.5.1.2.1.1": "disabled",
            "12148.10.12.2.1.2.1.4": "connected",
        },
        otherwise=True,
        least=0.77,
        parts=3,
    ),
    "enexus_enexus": Recorded(
        "eltek-enexus",
        ("SmartPack2", SAME, "2.8.1"),
        {
            f"load {ENEXUS}.10.12.5.0": NO_TEST,
            f"temperature {ENEXUS}.10.7.5.0": UNWATCHED,
            **{f"voltage {ENEXUS}.10.19.6.1.7.1.{tap}": DEVIATION for tap in (1, 2, 3, 4)},
        },
        otherwise=True,
        least=0.81,
        parts=7,
    ),
    "enexus_sp2touch": Recorded(
        "eltek-enexus",
        ("SmartPack2 Touch", SAME, "1.5"),
        {f"load {ENEXUS}.10.12.5.0": NO_TEST},
        otherwise=True,
        least=0.88,
    ),
    "enexus_eltek-smartpack2-syst": Recorded(
        "eltek-enexus", ("SmartPack2 Syst.", SAME, "2.3"), parts=3
    ),
    "huawei-smu_11b": Recorded(
        "huawei-smu",
        ("SMU11B", None, "SMU11B_X V500R003C00SPC036"),
        {
            f"current {SMU}.3.1.3.0": TENTHS,
            f"current {SMU}.6.1.4.0": TENTHS,
            f"current {SMU}.6.2.1.1.5.1": TENTHS,
            f"voltage {SMU}.3.1.5.0": SETTING,
            f"voltage {SMU}.3.1.6.0": SETTING,
            f"voltage {SMU}.7.2.1.1.5.3": SETTING,
        },
        {
            "2011.6.164.1.2.2.1.1.11.1": "automatic",
            "2011.6.164.1.4.2.3.0": "float_charge",
            "2011.6.164.1.3.1.8.0": "on",
        },
        otherwise=True,
        least=0.45,
        parts=2,
    ),
    "ict-mps": Recorded(
        "ict-mps",
        ("Modular Power Series 48V", None, "1.04"),
        states={
            "39145.13.9.0": "enabled",
            "39145.13.10.1.2.5": "not_installed",
            "39145.13.10.1.3.4": "battery",
        },
    ),
    "janitza_generic": Recorded(
        "janitza-umg",
        (None, None, None),
        {f"power_consumed {JANITZA}.5.2.0": REACTIVE},
        least=0.96,
    ),
    "janitza-umg96_umg96": Recorded(
        "janitza-umg96",
        ("UMG96RM-E-RCM-1738-3497", None, None),
        {f"power_consumed {JANITZA}.4.2.0": REACTIVE},
        least=0.96,
    ),
    "liebert_weblbds": Recorded("liebert-lgp", (None, None, None)),
    "netsure": Recorded(
        "netsure-vec",
        ("Vortex Power System", None, "4.0.0.1"),
        states={"885.3.2.1.10.0": "normal"},
    ),
    "valere": Recorded(
        "eltek-valere",
        ("BC2000", None, "4.01.40"),
        states={"13858.2.3.6.0": "inactive", "13858.2.1.6.1.5.1.1": "ok"},
    ),
}
