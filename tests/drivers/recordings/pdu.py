"""Rack PDUs and transfer switches of the corpus."""

from tests.drivers.recorded import ORACLE, SAME, Recorded

NO_PHASE = "the device has one phase: this row's index column is 0, and so is everything else"
WIRING = "how the inlet is wired is a property of the model, not a state"
NO_POWER = (
    f"{ORACLE}the PDU measures no power; the oracle multiplies the current with a nominal 230 V"
)
SETTING = "a setting of the network card, not a state of the PDU"
HEADROOM = "the limit less the current: the catalogue carries both, not their difference"
NO_FACTOR = "0 beside 514 W of 551 VA: this firmware does not fill the total power factor"
KVAH = f"{ORACLE}kVAh, which the oracle calls kWh; the catalogue carries no apparent energy"
IDLE = f"{ORACLE}an idle outlet: the state column says 'unavailable'"
SWITCH = f"{ORACLE}the value column of a switch is always 0; column 3 is its state"
CONTACT = f"{ORACLE}the value column of a contact is always 0; column 3 is its state"
CARD = "the oracle names the network card"
DELTA = (
    "the outlets hang between the lines: powers and factor are those of a leg, the current is that"
    " of a line, where two legs meet (2.77 A and 3.18 A in the lines beside it, of 568 and 652 VA)"
)

MAPDU = "1.3.6.1.4.1.232.165.11.2"
LGP = "1.3.6.1.4.1.476.1.42"
SETTINGS = {f"state {LGP}.2.5.{number}.0": SETTING for number in (2, 3, 4)}
CMC3 = "1.3.6.1.4.1.2606.7.4.2.2.1.11"
PX3 = "1.3.6.1.4.1.13742.6.5"
RECORDINGS = {
    "apc_ap7900b": Recorded(
        "apc-rpdu2",
        ("AP7900B", SAME, "v6.8.0"),
        states={
            "318.1.1.26.4.3.1.4.1": "not_supported",
            "318.1.1.26.6.3.1.4.1": "normal",
            "318.1.1.4.4.2.1.3.1": "on",
        },
    ),
    "apc_ap8853": Recorded("apc-rpdu2", ("AP8853", "ZA2001002384", "v6.8.0"), hardware=CARD),
    "apc_apdu9959eu3": Recorded("apc-rpdu2", ("APDU9959EU3", SAME, "v2.5.0.6")),
    "apc_isx-pdu": Recorded(
        "apc-xpdu",
        (None, None, "v3.7.3"),
        states={
            "318.1.1.15.7.1.0": "armed",
            "318.1.1.15.4.1.2.1.3.1": "closed",
            "318.1.1.15.4.1.2.1.3.4": "open",
            "318.1.1.15.7.2.0": "normal",
        },
    ),
    "apc_ats": Recorded(
        "apc-ats",
        ("AP4423", SAME, "4.1.9"),
        states={
            "318.1.1.8.5.1.14.0": "in_sync",
            "318.1.1.8.5.1.3.0": "redundant",
            "318.1.1.8.5.1.2.0": "source_a",
            "318.1.1.8.5.1.12.0": "ok",
            "318.1.1.18.1.2.2.0": "ready",
            "318.1.1.17.4.1.2.0": "closed",
            "318.1.1.17.4.1.4.0": "good",
            "318.1.1.17.4.2.2.0": "open",
            "318.1.1.17.4.2.4.0": "low_voltage",
            "318.1.1.17.3.1.4.0": "stop",
            "318.1.1.17.3.1.2.0": "automatic",
            "318.1.1.17.3.1.1.0": "source_1",
            "318.1.1.17.5.2.2.0": "start_test_passed",
            "318.1.1.17.5.1.2.0": "none",
        },
    ),
    "apc-cpdu": Recorded(
        "apc-cpdu",
        ("APDU10150SM", SAME, "2.0.8.2"),
        states={
            "318.1.1.32.2.4.1.3.1": "normal",
            "318.1.1.32.5.4.1.4.1.1": "on",
            "318.1.1.32.5.9.1.4.1.1": "normal",
        },
    ),
    "apc-epdu_epdu1116s": Recorded("apc-epdu", ("EPDU1116S", SAME, "11.10")),
    "atenpdu": Recorded("aten-pdu", (None, None, None)),
    "conteg-pdu": Recorded("conteg-pdu", (None, None, None)),
    "cyberpower_pdu81005": Recorded("cyberpower-pdu", ("PDU81005", SAME, "1.3.4")),
    "dell-rpdu": Recorded(
        "dell-rpdu",
        ("DELL6606", SAME, "v5.1.2"),
        states={
            "674.10903.200.2.200.110.2.1.6.1": "normal",
            "674.10903.200.2.200.120.2.1.3.1": "near_overload",
            "674.10903.200.2.200.130.2.2.1.11.1": "normal",
        },
    ),
    "digipower": Recorded(
        "digipower-pdu",
        ("SWV-1623K-24N1", None, "s4.82-091002-1cb24s"),
        {"power 1.3.6.1.4.1.17420.1.2.9.1.11.0": NO_POWER},
        otherwise=True,
        least=0.66,  # two of its three rows
    ),
    "e3meter": Recorded("e3meter-ips", ("E3METER IPS 1290", "027676", "4.8")),
    "eatonpdu_2": Recorded("eaton-epdu", ("EMA114-10", SAME, "05.01.0002")),
    "enlogic-pdu_v2": Recorded(
        "enlogic-pdu",
        ("EN1814", SAME, "2.0.4.3"),
        unbalanced={("rack_phase", "phase=L2"): DELTA},
    ),
    "gude-epc_1202": Recorded("gude-epc", ("Expert Power Control 1202-1", None, "1.13.3"), parts=1),
    "gude-epc_8031": Recorded("gude-epc", ("Expert Power Control 8031-3", None, "1.6.3"), parts=1),
    "hpe-mapdu_pdu3": Recorded(
        "hpe-mapdu",
        ("P9S18A", SAME, "2.0.0.J"),
        {
            f"power {MAPDU}.2.1.20.1.2": NO_PHASE,
            f"power {MAPDU}.2.1.20.1.3": NO_PHASE,
            f"state {MAPDU}.1.1.1.1": WIRING,
        },
        {"232.165.11.5.2.1.1.1.1": "on"},
    ),
    "hpe-pdumm": Recorded(
        "hpe-pdumm",
        ("PDU Management Module", None, "1.00.16"),
        states={"232.165.2.1.2.1.8.1": "ok"},
    ),
    "liebert": Recorded(
        "liebert-pdu",
        ("MPH-NCV27AXXD30", "DM2013JUN240015", "0-3-2-3"),
        SETTINGS | {f"current {LGP}.3.8.40.20.1.150.1.{branch}": HEADROOM for branch in (1, 2, 3)},
        least=0.78,
        least_states=0.25,
    ),
    "liebert_mph2rg": Recorded(
        "liebert-pdu",
        ("MPHR3142", "V15E0000712", "0.4.6.29"),
        SETTINGS
        | {
            f"current {LGP}.3.8.40.20.1.150.1.2": HEADROOM,
            f"power_factor {LGP}.3.8.30.20.1.95.1.1": NO_FACTOR,
        },
        otherwise=True,
        least_states=0.85,
    ),
    "panduit": Recorded(
        "panduit-g5", ("P42D04M", SAME, "2.3.21"), states={"19536.10.1.3.1.1.26.1.1": "on"}
    ),
    "panduit_g5-p32g13m": Recorded("panduit-g5", ("P32G13M", None, "3.3.6")),
    "planet-pdu": Recorded("planet-pdu", ("IPM-8220", None, "1.30.4")),
    "poweralert_pdu": Recorded("tripplite-pdu", ("PDUMV30HVNETLX", None, "20.2.1")),
    "poweralert_pdumh20atnet": Recorded("tripplite-ats", (None, None, "20.2.1")),
    "raritan-pdu": Recorded("raritan-px1", ("Dominion PX", None, "010507-11172")),
    "raritan-pdu_px2": Recorded("raritan-pdu2", ("PX2", None, "030004")),
    "raritan-pdu_px2-temp": Recorded("raritan-pdu2", ("PX2", None, "030400")),
    "raritan-pdu_px3": Recorded(
        "raritan-pdu2",
        ("PX3-5493U-K2", SAME, "4.2.0.5-50274"),
        {
            f"power_factor {PX3}.4.3.1.4": IDLE,
            f"state {PX3}.4.3.1.4": SWITCH,
            f"state {PX3}.5.3.1.4": CONTACT,
        },
        otherwise=True,
        least=0.89,
        least_states=0,
    ),
    "rittal-cmc-iii-pu_pdu-controller": Recorded(
        "rittal-cmc3",
        ("PDU-Controller", SAME, "V7.17.30_1"),
        {f"power_consumed {CMC3}.2.{number}": KVAH for number in (59, 102, 145)},
        least=0.91,
        parts=1,
    ),
    "schleifenbauer": Recorded("schleifenbauer-databus", ("SSDCHIN1307-002", SAME, "250"), parts=1),
    "schleifenbauer_dpm27e": Recorded("schleifenbauer-databus", (None, SAME, "250"), parts=1),
    "sentry3": Recorded("servertech-sentry3", ("CW-24V2C458C1", SAME, "7.1a")),
    "sentry3_3phase": Recorded("servertech-sentry3", ("CS-24V4-P32MA", SAME, "7.1f")),
    "sentry3_switched": Recorded("servertech-sentry3", ("CWG-30VDE455/CB", SAME, "7.1f")),
    "sentry4": Recorded("servertech-sentry4", ("C2S42CE-YCMFAM00", SAME, "8.0n")),
    "socomec": Recorded("socomec-pdu", ("NRT-OP-PDU1-28", SAME, "01.09.0f")),
    "vertiv-pdu_mg02e4w1": Recorded(
        "vertiv-geist", ("MG02E4W1-42ITB3-3PS56B2A10-S", SAME, "3.4.0")
    ),
}
