"""Environment monitors and leak detectors of the corpus."""

from tests.drivers.recorded import ORACLE, SAME, Recorded

UNPLUGGED = (
    f"{ORACLE}the row is offline and its status 0: no sensor is plugged in; the column (a test"
    " value in the MIB) is 0 in the rows that have one, whose humidity of 42 % is read from its"
    " own column"
)
TWICE = "the main module's sensor stands in both trees; the newer tree is read, with the same value"
SETTING = "which way a contact rests is a setting, not a state"
UNIT_TEXT = f"{ORACLE}it takes the unit column ('1', no unit) for the state; the value is read: 0"
CARD = "the oracle names the network card"

APC = "1.3.6.1.4.1.318.1.1.10"
RECORDINGS = {
    "akcp_serverprobe8": Recorded(
        "akcp-sensorprobe",
        ("SP8406i", None, "280110"),
        {"humidity 1.3.6.1.4.1.3854.1.2.2.1.17.1.13": UNPLUGGED},
        {
            "3854.1.1.2.0": "normal",
            "3854.1.2.2.1.18.1.3.0": "no_status",
            "3854.1.2.2.1.18.1.3.1": "normal",
        },
        hardware="the oracle says the family and the board",
        least=0.375,
    ),
    "aos-emu2_ap9320": Recorded(
        "apc-emu",
        ("AP9320", SAME, "v2.6.7"),
        states={
            "318.1.1.10.3.14.1.1.3.1": "open",
            "318.1.1.10.3.14.1.1.3.8": "closed",
            "318.1.1.10.3.15.1.1.3.1": "open",
            "318.1.1.10.3.16.1.1.3.1": "off",
        },
    ),
    "apc-netbotz_netbotz750": Recorded(
        "apc-netbotz",
        ("NetBotz Rack Monitor 750", SAME, "5.4.0.11"),
        states={"52674.500.4.2.12.1.2.6158": "no_smoke"},
    ),
    "apc_emu": Recorded(
        "apc-emu",
        ("AP9340", "ZA0808014362", "v3.5.6"),
        {f"{APC}.3.13.1.1": TWICE, f"state {APC}.4.3.4.1.7": SETTING},
        {
            "318.1.1.10.4.3.2.1.7.0.1": "critical",
            "318.1.1.10.4.2.3.1.7.0.1": "ok",
            "318.1.1.10.4.2.3.1.8.0.1": "normal",
            "318.1.1.10.3.3.1.1.3.1": "off",
            "318.1.1.10.3.2.1.1.3.1": "open",
        },
        hardware=CARD,
        least=0.63,
        least_states=0.8,
    ),
    "apc_environmental-manager": Recorded("apc-emu", ("NBRK0200", None, "v3.5.6"), hardware=CARD),
    "avtech_roomalert12s": Recorded(
        "avtech-roomalert",
        ("RoomAlert 12S", None, None),
        states={"20916.1.12.1.3.1.0": "open", "20916.1.12.1.1.3.1.0": "off"},
    ),
    "avtech_roomalert32s": Recorded(
        "avtech-roomalert",
        ("RoomAlert 32S", None, None),
        states={
            "20916.1.11.1.3.1.0": "closed",
            "20916.1.11.1.1.3.1.0": "mains",
            "20916.1.11.1.1.6.1.0": "off",
        },
    ),
    "gude-esb_7213-13": Recorded(
        "gude-esb",
        ("Expert Sensor Box 7213-13", None, None),
        states={"28507.66.1.5.10.0": "available"},
    ),
    "gude-esb_7214-12": Recorded(
        "gude-esb",
        ("Expert Sensor Box 7214-12", None, None),
        states={"28507.67.1.5.6.2.1.2.1": "low", "28507.67.1.3.1.2.1.3.1": "off"},
    ),
    "hwg-poseidon": Recorded(
        "hwg-poseidon",
        ("Poseidon 4002", None, "2.0.15"),
        states={
            "21796.3.3.1.1.5.1": "normal",
            "21796.3.3.1.1.2.1": "open",
            "21796.3.3.3.1.4.1": "normal",
        },
    ),
    "hwg-ste2": Recorded(
        "hwg-ste",
        ("STE2 r2", None, "1.5.5_2394"),
        states={"21796.4.9.1.1.4.1": "normal", "21796.4.9.3.1.3.1": "normal"},
        parts=2,
    ),
    "hwg-wld_600415": Recorded(
        "hwg-wld", ("HWg-WLD", None, None), states={"21796.4.5.4.1.3.1": "alarm"}, parts=1
    ),
    "hwg-wld_wld2": Recorded("hwg-wld", ("WLD2", None, "1.4.3"), parts=4),
    "packetpower-eg": Recorded(
        "packetpower-eg",
        ("EG4 Ethernet Gateway", "86E4-0000-0000-16DD", None),
        {"state 1.3.6.1.4.1.33688.4.1.1.13": UNIT_TEXT},
        {
            "33688.4.1.1.12.46864.0.0.38674.211": "closed",
            "33688.4.1.1.12.46864.0.0.38674.300": "ok",
            "33688.4.1.1.12.34532.0.0.5853.457": "ok",
        },
        least_states=0.76,
        parts=3,
    ),
    "panduit-eagle": Recorded("panduit-eagle", ("Eagle-i", None, "1.10.08")),
    "rittal-cmc-iii-pu": Recorded(
        "rittal-cmc3", ("CMCIII-PU Compact", SAME, "V3.15.70_4"), parts=1
    ),
    "sensatronics-em1": Recorded("sensatronics-em1", ("EM1", None, None)),
    "serverscheck_sc-ts01": Recorded("serverscheck-gateway", ("SC-TS01", None, "2.11")),
    "siteboss550": Recorded(
        "asentria-siteboss",
        ("SiteBoss 550", None, "2.11.280"),
        states={"3052.10.1.1.1.1.5.1.2.1": "normal", "3052.10.1.6.1.1.8.1": "normal"},
    ),
}
