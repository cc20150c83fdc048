"""Switches of the corpus: their sensors, parts and neighbours."""

from tests.drivers.recorded import ORACLE, SAME, Recorded

MILLIAMPERES = (
    f"{ORACLE}the MIB gives the bias current in mA, and no laser takes 7 A; the oracle says A"
)
ROUTING = "the state of a BGP session, which is no part of the hardware; not in the catalogue"
FAMILY = "the oracle says the family and its ports, or spells the model in its own way"

OPTICS = "1.3.6.1.4.1.6027.3.11.1.3.1.1"
RECORDINGS = {
    "arista-mos_metamux48-c-0-16": Recorded(
        "arista-mos", ("MetaMux 48 with C-Series", None, "0.16.5"), vendor="Arista Networks"
    ),
    "arista_eos": Recorded(
        "arista-eos", ("DCS-7050TX-128", SAME, "4.15.3F"), vendor="Arista Networks", parts=21
    ),
    "arista_eos_vrf": Recorded(
        "arista-eos", ("DCS-7150S-24", SAME, "4.20.12.1M"), vendor="Arista Networks", parts=33
    ),
    "arubaos-cx_100gb": Recorded(
        "arubaos-cx",
        ("JL717C", SAME, "LL.10.16.1006"),
        vendor="HPE Aruba Networking",
        hardware=FAMILY,
    ),
    "arubaos-cx_8360": Recorded(
        "arubaos-cx",
        ("JL721C", SAME, "LL.10.13.1040"),
        states={
            "47196.4.1.1.3.11.2.1.1.11.1.1": "ok",
            "47196.4.1.1.3.7.2.1.1.0": "in_sync",
        },
        vendor="HPE Aruba Networking",
        hardware=FAMILY,
        parts=10,
        links=2,
    ),
    "cumulus_bgp": Recorded(
        "switch",
        ("MSN4600-VS2FC", SAME, "5.9.2"),
        vendor="Mellanox",
        hardware=FAMILY,
        parts=8,
    ),
    "cumulus_edgecore-as4610-54p": Recorded(
        "switch",
        ("FP1ZZ5654001A", SAME, "3.5.3"),
        vendor="Cumulus Networks",
        hardware=FAMILY,
        parts=4,
    ),
    "dell-os10": Recorded(
        "dell-os10",
        ("S4128F-ON", "CWTQXC2", None),
        states={"674.11000.5000.100.4.1.2.3.1.7.1": "up"},
        vendor="Dell",
        hardware=FAMILY,
        parts=9,
    ),
    "dell-os10_s4128ton-psu": Recorded(
        "dell-os10",
        ("S4128T-ON", "TEST-SERVICE-TAG-1", "10.6.1.0"),
        states={
            "674.11000.5000.100.4.1.2.1.1.4.1": "not_present",
            "674.11000.5000.100.4.1.2.3.1.7.1": "not_present",
        },
        vendor="Dell",
    ),
    "dnos_s4048": Recorded(
        "dell-dnos",
        ("S4048-ON", "FXXXXX2", "9.9(0.0P9)"),
        {f"current {OPTICS}.{column}": MILLIAMPERES for column in (18, 19, 20, 21)},
        {"6027.3.26.1.4.6.1.4.2.1.1": "up", "6027.3.26.1.3.4.1.8.1": "ok"},
        vendor="Dell",
        otherwise=True,
        least=0.71,
        parts=20,
    ),
    "edgecos_dcs203": Recorded(
        "switch",
        ("Accton-AS7326-56X", None, "SONiC.Edgecore-SONiC_20230706_055328_ec202111_453"),
        vendor="Accton",
        parts=18,
        links=22,
    ),
    "edgecos_ecs4120-28fv2": Recorded(
        "edgecore-ecs",
        ("ECS4120-28Fv2", SAME, "124.2.06.3"),
        states={"259.10.1.45.1.1.9.1.3.1.1": "ok"},
        vendor="Edgecore",
        parts=1,
    ),
    "fs-switch-dc_fs-switch-dc": Recorded(
        "fs-switch",
        ("N5860-48SC", SAME, "N5860_FSOS 11.0(5)B9P124"),
        states={
            "52642.1.1.10.2.1.1.41.1.3.1.1": "normal",
            "52642.1.1.10.2.105.1.1.1.18.1": "ok",
            "52642.1.1.10.2.105.1.1.1.34.10": "alarm",  # no light
        },
        vendor="FS",
        parts=22,
    ),
    "junos_qfx5130-32cd-evo": Recorded(
        "junos",
        ("QFX5130-32CD", SAME, "22.2R3-S1.3-EVO"),
        states={
            "2636.3.1.15.1.8.4.1.0.0": "online",
            "2636.3.1.13.1.6.1.0.0.0": "running",
            "2636.3.4.2.2.1.0": 1,  # a yellow alarm is on
            "2636.3.4.2.3.1.0": 0,
        },
        vendor="Juniper Networks",
        parts=14,
    ),
    "nxos_n9k-c93180yc-fx3": Recorded(
        "nxos",
        ("N9K-C93180YC-FX3", SAME, "10.5(2)"),
        states={
            "9.9.117.1.1.2.1.2.470": "on",
            "9.9.117.1.4.1.1.1.534": "up",
            "9.9.176.1.1.2.0": "active",
            "9.9.176.1.1.4.0": "not_known",
        },
        vendor="Cisco Systems",
        parts=29,
    ),
    "srlinux": Recorded(
        "srlinux",
        ("7220 IXR-D2L", SAME, "v24.10.1-492-gf8858c5836"),
        {"state 1.3.6.1.4.1.6527.3.1.2.14.4.7.1.59": ROUTING},
        {
            "6527.3.1.2.2.1.24.1.1.2.3.1.1": "ok",
            "6527.3.1.2.2.1.8.1.16.1.83886081": "in_service",
        },
        vendor="Nokia",
        least_states=0.33,
        parts=11,
    ),
}
