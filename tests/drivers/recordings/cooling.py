"""Row coolers, rack coolers and enclosure air conditioners of the corpus."""

from tests.drivers.recorded import ORACLE, SAME, Recorded

PERCENTAGE = f"{ORACLE}the row's unit is per cent: a duty, not a speed"
HUNDREDTHS = f"{ORACLE}the MIB says hundredths of a kilowatt-hour, not thousandths"
NO_STATE = f"{ORACLE}a duration in seconds, listed as a state"
OPENING = (
    f"{ORACLE}how far a valve is open, in per cent, listed a second time as a state; only 0 and 1"
    " can pass for one"
)

COOLING = "1.3.6.1.4.1.318.1.1.27.1.4.1.2.1.3.1"
DCS = "1.3.6.1.4.1.13400.3"
STULZ = "1.3.6.1.4.1.29462.10.2.1.1.2.1"
CMC3 = "1.3.6.1.4.1.2606.7.4.2.2.1.11"
RECORDINGS = {
    "apc-inrow": Recorded(
        "apc-inrow",
        ("ACRC103", "JK1323004050", "7.5.0"),
        states={
            "318.1.1.13.3.2.2.2.17.0": "open",
            "318.1.1.13.3.2.2.2.19.0": "source_b",
            "318.1.1.13.3.2.1.1.9.0": "not_applicable",
        },
    ),
    "apc_inrow-dx": Recorded(
        "apc-cooling",
        ("InRow DX 300mm", "JK1905001111", "v6.6.9.b"),
        {f"fanspeed {COOLING}.66": PERCENTAGE},
        {"318.1.1.27.1.4.2.2.1.4.1.2": "active"},
        otherwise=True,
        least=0.94,
    ),
    "dantherm-os": Recorded(
        "dantherm-cc3000",
        ("CC3000", SAME, "1.55"),
        states={
            "46651.1.1.25.0": "inactive",
            "46651.1.1.27.0": "free_cooling",
            "46651.1.1.18.0": "on",
            "46651.1.1.20.0": "closed",
        },
    ),
    "spectracool": Recorded("nvent-spectracool", ("00000N111116G160", SAME, "Ki")),
    "pcoweb-rittal-lcp-3311_lcp-dx-3311": Recorded(
        "rittal-lcp-3311",
        ("LCP DX 3311", None, None),
        states={
            "9839.2606.2.1.3.13.0": "on",
            "9839.2606.2.1.3.2.0": "stop",
            "9839.2606.2.1.3.3.0": "ok",
        },
        hottest=120,  # the gas behind the compressor
    ),
    "rittal-lcp_cmciii-pu-lcp": Recorded(
        "rittal-cmc3",
        ("CMCIII-PU LCP", SAME, "V3.17.10"),
        {f"state {CMC3}.2.{number}": NO_STATE for number in (187, 195, 211)},
        least_states=0.75,
        parts=1,
    ),
    "stulz_wib8000": Recorded(
        "stulz-wib8000",
        ("WIB8000", None, None),
        {f"state {STULZ}.2.5.1.2238.{valve}": OPENING for valve in ("1.6.1", "1.8.1", "2.1.1")},
        otherwise=True,
        parts=9,
    ),
    "vertiv-dcs": Recorded(
        "vertiv-dcs",
        ("DCS", None, "TMKv1.03.08R"),
        {
            f"power_consumed {DCS}.2.225.1.1.13.1": HUNDREDTHS,
            f"power_consumed {DCS}.2.225.1.1.13.2": HUNDREDTHS,
        },
        {
            "13400.3.4.491.1.1.75.1": "utility",
            "13400.3.5.541.1.1.4.1": "closed",
            "13400.3.2.225.1.1.52.1": "on",
        },
        otherwise=True,
        least=0.94,
    ),
}
