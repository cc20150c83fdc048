"""A build sheet against what devices say: what is found, and in which words."""

from dataclasses import replace

import pytest
import yaml

from agent.commission.judge.compare_sheet import Aspect, compare
from agent.commission.records import Sample
from agent.commission.spec.build_sheet import Sheet
from agent.commission.spec.build_sheet_draft import draft_sheet
from agent.commission.spec.inventory import Neighbor, Seen, identity_sample, newest_inventory
from agent.model.values import Identity, Quality

SHEET = Sheet.model_validate(
    yaml.safe_load("""
devices:
  - {device: leaf, vendor: Acme, model: X32, serial: S1, firmware: '4.1', mac: 02-00-00-00-00-0A}
  - {device: shelf-1, component: psu-1, serial: P1, firmware: '1.0'}
cables:
  - {a: {device: leaf, port: Eth1}, b: {device: node-1, port: eth0}, speed: 400 Gbit/s}
  - {a: {device: leaf, port: Eth2}, b: {device: node-2, port: eth0}, speed: 400 Gbit/s}
  - {a: {device: leaf, port: Eth3}, b: {device: node-3, port: eth0}, speed: 400 Gbit/s}
""")
)
NAMES = {"switch-1": "leaf", "shelf-1": "shelf-1"}
"""Role to name; the sheet may use either."""


def seen() -> Seen:
    ports = [("leaf", f"Eth{number}") for number in (1, 2, 3)]
    return Seen(
        devices=frozenset({"leaf", "shelf-1"}),
        identity={
            ("leaf", ""): {"vendor": "Acme", "model": "X32", "serial": "S1", "firmware": "4.1"},
            ("shelf-1", "psu-1"): {"serial": "P1", "firmware": "1.0"},
        },
        neighbors={place: (Neighbor(f"node-{n}", "eth0"),) for n, place in enumerate(ports, 1)},
        state=dict.fromkeys(ports, "up"),
        speed=dict.fromkeys(ports, 50e9),
        mac=dict.fromkeys(ports, "02:00:00:00:00:0a"),
    )


def found(what: Seen, sheet: Sheet = SHEET) -> list[str]:
    return [f"{each.what} {each}" for each in compare(sheet, what, NAMES).findings]


def wired(**peers: str) -> Seen:
    """The rack with other neighbours at some ports; an empty one is nobody."""
    neighbors = {
        **seen().neighbors,
        **{("leaf", port): (Neighbor(peer, "eth0"),) for port, peer in peers.items() if peer},
    }
    gone = {("leaf", port) for port, peer in peers.items() if not peer}
    return replace(seen(), neighbors={k: v for k, v in neighbors.items() if k not in gone})


def test_a_rack_as_planned() -> None:
    comparison = compare(SHEET, seen(), NAMES)
    assert comparison.findings == ()
    assert comparison.compared == {
        Aspect.IDENTITY: 2,
        Aspect.FIRMWARE: 2,
        Aspect.CABLING: 3,
        Aspect.PORTS: 3,
    }


def test_two_exchanged_cables_are_one_swap() -> None:
    assert found(wired(Eth1="node-2", Eth2="node-1")) == [
        "cabling leaf Eth1: swapped with leaf Eth2: node-2 eth0 and node-1 eth0 are exchanged"
    ]
    (swap,) = compare(SHEET, wired(Eth1="node-2", Eth2="node-1"), NAMES).findings
    assert (swap.where, swap.partner) == ("leaf Eth1", "leaf Eth2")


def test_three_cables_in_a_circle_are_told_one_by_one() -> None:
    assert found(wired(Eth1="node-2", Eth2="node-3", Eth3="node-1")) == [
        "cabling leaf Eth1: neighbour is node-2 eth0, which belongs to leaf Eth2; expected"
        " node-1 eth0",
        "cabling leaf Eth2: neighbour is node-3 eth0, which belongs to leaf Eth3; expected"
        " node-2 eth0",
        "cabling leaf Eth3: neighbour is node-1 eth0, which belongs to leaf Eth1; expected"
        " node-3 eth0",
    ]


@pytest.mark.parametrize(
    ("peers", "says"),
    [
        ({"Eth2": ""}, "leaf Eth2: no LLDP neighbour, expected node-2 eth0"),
        ({"Eth2": "other"}, "leaf Eth2: neighbour is other eth0; expected node-2 eth0"),
        ({"Eth9": "other"}, "leaf Eth9: neighbour is other eth0, none is planned"),
    ],
)
def test_other_ways_to_be_wrongly_cabled(peers: dict[str, str], says: str) -> None:
    assert found(wired(**peers)) == [f"cabling {says}"]


def test_no_neighbour_at_all_is_no_plan_fulfilled() -> None:
    assert len(found(wired(Eth1="", Eth2="", Eth3=""))) == 3


def test_both_ends_are_looked_at() -> None:
    sheet = Sheet.model_validate(
        {
            "cables": [
                {"a": {"device": "leaf", "port": "Eth1"}, "b": {"device": "spine", "port": "1"}}
            ]
        }
    )
    names = {"leaf": "leaf", "spine": "spine"}
    both = replace(
        seen(),
        devices=frozenset({"leaf", "spine"}),
        neighbors={
            ("leaf", "Eth1"): (Neighbor("spine", "02:00", "1"),),
            ("spine", "1"): (Neighbor("LEAF", "Eth1"),),
        },
    )
    assert compare(sheet, both, names).findings == ()
    assert compare(sheet, both, names).compared[Aspect.CABLING] == 2
    wrong = replace(both, neighbors={**both.neighbors, ("spine", "1"): (Neighbor("x", "y"),)})
    assert [str(each) for each in compare(sheet, wrong, names).findings] == [
        "spine 1: neighbour is x y; expected leaf Eth1"
    ]


@pytest.mark.parametrize(
    ("place", "said", "says"),
    [
        (("leaf", ""), {"serial": "S9"}, "identity leaf: serial is S9, expected S1"),
        (("leaf", ""), {"model": ""}, "identity leaf: model is not reported, expected X32"),
        (("leaf", ""), {"firmware": "4.0"}, "firmware leaf: firmware is 4.0, expected 4.1"),
        (
            ("shelf-1", "psu-1"),
            {"serial": "P2"},
            "identity shelf-1 psu-1: serial is P2, expected P1",
        ),
    ],
)
def test_identities(place: tuple[str, str], said: dict[str, str], says: str) -> None:
    whole = seen()
    identity = {**whole.identity, place: {**whole.identity[place], **said}}
    assert found(replace(whole, identity=identity)) == [says]


def test_a_part_that_is_not_told_of_and_a_foreign_mac() -> None:
    whole = seen()
    identity = {("leaf", ""): whole.identity["leaf", ""]}
    assert found(replace(whole, identity=identity)) == [
        "identity shelf-1 psu-1: reports no identity"
    ]
    assert found(replace(whole, mac={})) == [
        "identity leaf: MAC is not reported, expected 02-00-00-00-00-0A"
    ]
    heard = (Neighbor("leaf", "1", chassis="02:00:00:00:00:0A"),)
    by_other = replace(whole, mac={}, neighbors={**whole.neighbors, ("shelf-1", "1"): heard})
    assert found(by_other) == []


def test_who_does_not_answer_is_told_once() -> None:
    whole = replace(seen(), devices=frozenset({"leaf"}))
    assert found(whole) == ["silent shelf-1: does not answer"]
    strange = Sheet.model_validate({"devices": [{"device": "bbu-1", "serial": "B"}]})
    assert found(whole, strange) == ["silent bbu-1: is on the sheet, but not configured"]


def test_ports() -> None:
    whole = seen()
    down = replace(whole, state={**whole.state, ("leaf", "Eth1"): "down"})
    assert found(down) == ["ports leaf Eth1: is down"]
    slow = replace(whole, speed={**whole.speed, ("leaf", "Eth1"): 12.5e9})
    assert found(slow) == ["ports leaf Eth1: speed is 100 Gbit/s, expected 400 Gbit/s"]
    less = {place: state for place, state in whole.state.items() if place[1] != "Eth3"}
    assert found(replace(whole, state=less)) == ["ports leaf Eth3: the port does not exist"]


def test_a_draft_of_a_rack_fits_that_rack() -> None:
    draft = draft_sheet(seen(), "r1")
    assert draft["rack"] == "r1"
    assert draft["cables"][0]["speed"] == "400 Gbit/s"
    assert found(seen(), Sheet.model_validate(draft)) == []


def test_only_the_latest_walk_counts() -> None:
    def neighbor(port: str, system: str, at: float, good: bool = True) -> Sample:
        labels = (("port", port), ("remote_port", "eth0"), ("remote_system", system))
        quality = Quality.GOOD if good else Quality.BAD
        return Sample("leaf", "rack_lldp_neighbor_info", labels, 1, quality, at)

    who = identity_sample("leaf", Identity(vendor="Acme", serial="S1"), 5.0)
    whole = newest_inventory(
        [
            neighbor("Eth1", "node-1", 10.0),
            neighbor("Eth2", "node-2", 10.4),
            neighbor("Eth1", "node-9", 70.0),
            neighbor("Eth3", "node-3", 70.2, good=False),
            who,
        ],
        ["leaf"],
    )
    assert whole.neighbors == {("leaf", "Eth1"): (Neighbor("node-9", "eth0"),)}
    assert whole.identity == {("leaf", ""): {"vendor": "Acme", "serial": "S1"}}


def test_neighbours_that_could_not_be_read_are_no_finding_about_cables() -> None:
    what = replace(wired(Eth1="", Eth2="node-9"), unread=frozenset({"leaf"}))
    assert found(what) == [
        "silent leaf: its neighbours could not be read",
        "cabling leaf Eth2: neighbour is node-9 eth0; expected node-2 eth0",
    ]


def test_a_bad_reading_of_neighbours_says_that_they_could_not_be_read() -> None:
    good = Sample(
        *("leaf", "rack_lldp_neighbor_info", (("port", "Eth1"), ("remote_system", "node-1"))),
        *(1.0, Quality.GOOD, 100.0),
    )
    bad = Sample("leaf", "rack_lldp_neighbor_info", (), None, Quality.BAD, 100.0)
    assert newest_inventory([good], ["leaf"]).unread == frozenset()
    assert newest_inventory([good, bad], ["leaf"]).unread == {"leaf"}
    assert list(newest_inventory([good, bad], ["leaf"]).neighbors) == [("leaf", "Eth1")]
