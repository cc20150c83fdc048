"""Where devices are drawn: each once, inside the rack, on nobody else's place."""

from hypothesis import given
from hypothesis import strategies as st

from agent.config.spec import PositionSpec
from agent.web.pages.rack.elevation import LEFT, TOP, UNIT, WIDTH, Placed, elevation

KINDS = ("pdu", "power_shelf", "cdu", "switch", "sensor", "bbu", "other")


def test_configured_places_are_kept() -> None:
    plan = elevation(
        [
            Placed("shelf", "power_shelf", PositionSpec(u=40)),
            Placed("cdu", "cdu", PositionSpec(u=1, height=4)),
            Placed("pdu-a", "pdu", PositionSpec(side="left"), "A"),
            Placed("pdu-b", "pdu", PositionSpec(side="right"), "B"),
        ]
    )
    boxes = {box.name: box for box in plan.boxes}
    assert plan.units == 40
    assert [row.label for row in plan.rows] == ["40", "U5–U39 empty", "4", "3", "2", "1"]
    assert (boxes["shelf"].y, boxes["shelf"].height) == (TOP, UNIT)
    assert (boxes["cdu"].y, boxes["cdu"].height) == (TOP + 2 * UNIT, 4 * UNIT)
    assert boxes["cdu"].place == "U1 to U4, front"
    assert boxes["pdu-a"].x < LEFT < LEFT + WIDTH < boxes["pdu-b"].x
    assert all(box.sure for box in plan.boxes)


def test_what_nobody_placed_is_placed_and_marked() -> None:
    plan = elevation(
        [
            Placed("cdu", "cdu", None),
            Placed("shelf", "power_shelf", None),
            Placed("switch", "switch", None),
            Placed("one", "pdu", None),
            Placed("two", "pdu", None),
            Placed("three", "pdu", None, "B"),
        ]
    )
    boxes = {box.name: box for box in plan.boxes}
    assert boxes["switch"].y < boxes["shelf"].y < boxes["cdu"].y
    assert [boxes[name].strip for name in ("one", "two", "three")] == [True] * 3
    assert boxes["one"].x < LEFT < boxes["two"].x == boxes["three"].x
    assert not any(box.sure for box in plan.boxes)


def test_front_and_rear_share_a_unit() -> None:
    plan = elevation(
        [
            Placed("front", "switch", PositionSpec(u=3)),
            Placed("rear", "switch", PositionSpec(u=3, side="rear")),
        ]
    )
    front, rear = plan.boxes
    assert front.width == rear.width == WIDTH // 2
    assert front.x + front.width == rear.x


placed = st.builds(
    Placed,
    st.uuids().map(str),
    st.sampled_from(KINDS),
    st.none()
    | st.builds(
        PositionSpec,
        u=st.none() | st.integers(1, 50),
        height=st.integers(1, 8),
        side=st.sampled_from(("front", "left", "right")),
    ),
    st.sampled_from(("", "A", "B")),
)


@given(st.lists(placed, max_size=40, unique_by=lambda each: each.name))
def test_each_device_is_drawn_once_and_those_we_place_overlap_nobody(devices: list[Placed]) -> None:
    plan = elevation(devices)
    assert sorted(box.name for box in plan.boxes) == sorted(device.name for device in devices)
    inside = [box for box in plan.boxes if not box.strip]
    for box in inside:
        assert box.y >= TOP
        assert box.y + box.height <= TOP + plan.height
    for box in inside:
        for other in inside:
            if box is not other and not (box.sure and other.sure):
                assert box.y + box.height <= other.y or other.y + other.height <= box.y
