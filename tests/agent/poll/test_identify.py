"""Which profile fits the device that answers, and what it says of itself."""

from dataclasses import replace

import pytest

from agent.model import smi
from agent.model.errors import DeviceError, DeviceTimeout, RequestRejected, UnknownDevice
from agent.model.values import Answer, ReadRegisters, Request
from agent.plan import make_plan
from agent.poll.identify import Identification, identify, read_identity
from agent.profile.points import Profile
from agent.transport.memory import MemoryTransport
from tests.agent.making import BASE, modbus_profile, snmp_profile

SYS_DESCR = "1.3.6.1.2.1.1.1.0"
SYS_OBJECT_ID = "1.3.6.1.2.1.1.2.0"
SYS_NAME = "1.3.6.1.2.1.1.5.0"
POWER = f"{{metric: rack_inlet_power_watts, oid: {BASE}.1.0, unit: W}}"
SPEED = "{metric: rack_pump_speed_rpm, unit: rpm, address: 5}"
ANYBODY = "{fallback: true}"


def snmp(name: str, rule: str, info: str = "{}") -> Profile:
    return replace(snmp_profile(POWER, head=f"identify: {rule}\ninfo: {info}\n"), name=name)


def modbus(name: str, rule: str, info: str = "{}") -> Profile:
    return replace(modbus_profile(SPEED, head=f"identify: {rule}\ninfo: {info}\n"), name=name)


def device(object_id: str | bytes | None = None, **more: str) -> MemoryTransport:
    """An SNMP agent with this sysObjectID (text is sent as an OctetString) and other OIDs."""
    cells: dict[bytes, tuple[int, int | bytes | None]] = {}
    if isinstance(object_id, bytes):
        cells[smi.oid(SYS_OBJECT_ID)] = (smi.OCTET_STRING, object_id)
    elif object_id is not None:
        cells[smi.oid(SYS_OBJECT_ID)] = (smi.OBJECT_ID, smi.oid(object_id))
    for dotted, text in more.items():
        name = {"descr": SYS_DESCR, "name": SYS_NAME}.get(dotted) or dotted
        cells[smi.oid(name)] = (smi.OCTET_STRING, text.encode())
    return MemoryTransport(cells)


def names(found: Identification) -> list[str]:
    return [candidate.profile.name for candidate in found.candidates]


# ---- SNMP


async def test_the_longest_object_id_wins_and_says_why() -> None:
    profiles = [
        snmp("family", f"{{sys_object_id: {BASE}}}"),
        snmp("model", f"{{sys_object_id: [{BASE}.5, {BASE}.7.1]}}"),
        snmp("other", f"{{sys_object_id: {BASE}.9}}"),
        snmp("anything", ANYBODY),
    ]
    found = await identify(device(f"{BASE}.7.1.4", descr="PDU", name="rack-1"), "snmp", profiles)
    assert names(found) == ["model", "family", "anything"]
    assert found.profile.name == "model"
    assert [candidate.why for candidate in found.candidates] == [
        f"sysObjectID starts with {BASE}.7.1",
        f"sysObjectID starts with {BASE}",
        "generic fallback",
    ]
    assert (found.sys_object_id, found.sys_descr, found.sys_name) == (
        f"{BASE}.7.1.4",
        "PDU",
        "rack-1",
    )


async def test_an_object_id_is_matched_by_whole_arcs() -> None:
    with pytest.raises(UnknownDevice):
        await identify(device(f"{BASE}0"), "snmp", [snmp("a", f"{{sys_object_id: {BASE}}}")])


async def test_the_description_tells_two_of_one_family_apart() -> None:
    profiles = [
        snmp("old", f"{{sys_object_id: {BASE}, sys_descr: 'v1'}}"),
        snmp("new", f"{{sys_object_id: {BASE}, sys_descr: 'v2'}}"),
        snmp("plain", f"{{sys_object_id: {BASE}}}"),
        snmp("by-words", "{sys_descr: 'PDU v[0-9]'}"),
    ]
    found = await identify(device(BASE, descr="Acme PDU v2"), "snmp", profiles)
    assert names(found) == ["new", "plain", "by-words"]
    assert found.candidates[0].why.endswith("and sysDescr has 'v2'")


async def test_a_probe_must_be_there_and_is_asked_once() -> None:
    profiles = [
        snmp("a", f"{{sys_object_id: {BASE}, probe: {BASE}.5.0}}"),
        snmp("b", f"{{sys_object_id: {BASE}, probe: {BASE}.6.0}}"),
        snmp("c", f"{{probe: {BASE}.5.0}}"),
    ]
    transport = device(BASE, **{f"{BASE}.5.0": "here"})
    found = await identify(transport, "snmp", profiles)
    assert names(found) == ["a", "c"]
    assert found.candidates[1].why == f"it has {BASE}.5.0"
    assert len(transport.requests) == 2


async def test_a_profile_with_several_rules_is_offered_once_by_its_best() -> None:
    rules = f"[{{sys_descr: Acme}}, {{sys_object_id: {BASE}}}, {ANYBODY}]"
    found = await identify(device(BASE, descr="Acme"), "snmp", [snmp("a", rules)])
    (candidate,) = found.candidates
    assert candidate.why == f"sysObjectID starts with {BASE}"


async def test_equal_claims_are_settled_by_the_librarys_order() -> None:
    profiles = [snmp(name, f"{{sys_object_id: {BASE}}}") for name in ("b", "c", "a")]
    assert names(await identify(device(BASE), "snmp", profiles)) == ["b", "c", "a"]


@pytest.mark.parametrize("text", [BASE, f".{BASE}", f"{BASE}\0"])
async def test_an_object_id_sent_as_text_counts_too(text: str) -> None:
    profiles = [snmp("a", f"{{sys_object_id: {BASE}}}")]
    found = await identify(device(text.encode()), "snmp", profiles)
    assert (names(found), found.sys_object_id) == (["a"], BASE)


async def test_nonsense_for_an_object_id_is_none() -> None:
    found = await identify(device(b"n/a"), "snmp", [snmp("a", ANYBODY)])
    assert found.sys_object_id is None
    transport = MemoryTransport({smi.oid(SYS_OBJECT_ID): (smi.INTEGER, 5)})
    assert (await identify(transport, "snmp", [snmp("a", ANYBODY)])).sys_object_id is None


async def test_nothing_fits_and_the_message_quotes_the_device() -> None:
    profiles = [snmp("a", f"{{sys_object_id: {BASE}}}"), snmp("b", "{}"), modbus("m", "{}")]
    with pytest.raises(UnknownDevice) as caught:
        await identify(device("1.3.6.1.4.1.42", descr="Toaster"), "snmp", profiles)
    assert str(caught.value) == (
        "the device answers, but no profile fits it (sysObjectID 1.3.6.1.4.1.42, 'Toaster');"
        " name one with 'profile'"
    )
    with pytest.raises(UnknownDevice, match="but no profile fits it; name one"):
        await identify(device(), "snmp", profiles)


async def test_a_silent_device_is_not_unknown() -> None:
    transport = device(BASE)
    transport.fault = DeviceTimeout("no answer")
    with pytest.raises(DeviceTimeout):
        await identify(transport, "snmp", [snmp("a", ANYBODY)])


# ---- Modbus


class Registers(MemoryTransport):
    """Holding registers; some addresses stay silent."""

    def __init__(self, words: dict[int, int], silent: set[int] | None = None) -> None:
        super().__init__(registers={"holding": words})
        self.silent = silent or set()

    async def fetch(self, request: Request) -> Answer:
        if isinstance(request, ReadRegisters) and request.address in self.silent:
            self.requests.append(request)
            raise DeviceTimeout("no answer")
        return await super().fetch(request)


RPU = {100: 0x5250, 101: 0x5500}  # "RPU"


async def test_registers_that_say_the_name_beat_registers_that_only_answer() -> None:
    profiles = [
        modbus("answers", "{address: 101}"),
        modbus("says", "{address: 100, count: 2, matches: '^RPU'}"),
        modbus("says-else", "{address: 100, count: 2, matches: CDU}"),
        modbus("refused", "{address: 500}"),
        modbus("silent-on-it", "{}"),
        snmp("snmp", ANYBODY),
    ]
    transport = Registers(RPU)
    found = await identify(transport, "modbus", profiles)
    assert [(c.profile.name, c.why) for c in found.candidates] == [
        ("says", "holding register 100 says 'RPU'"),
        ("answers", "holding register 101 answers"),
    ]
    assert len(transport.requests) == 3
    assert found.sys_object_id is None


async def test_a_device_that_ignores_unknown_registers_is_identified_by_the_others() -> None:
    profiles = [modbus("a", "{address: 101}"), modbus("b", "{address: 7}")]
    assert names(await identify(Registers(RPU, {7}), "modbus", profiles)) == ["a"]


async def test_silence_from_the_first_probe_on_is_a_silent_device() -> None:
    with pytest.raises(DeviceTimeout):
        await identify(Registers({}, {7}), "modbus", [modbus("a", "{address: 7}")])


async def test_a_device_that_refuses_every_probe_is_there_but_unknown() -> None:
    with pytest.raises(UnknownDevice):
        await identify(Registers({}), "modbus", [modbus("a", "{address: 7}")])


# ---- who the device is

INFO = (
    f"{{vendor: Acme, model: [{{oid: {BASE}.8.0}}, {{oid: {SYS_DESCR}, pattern: 'MN:(\\S+)'}}],"
    f" serial: {{column: {BASE}.9.1}}, firmware: {{oid: {BASE}.7.0}}}}"
)


async def test_the_first_source_that_says_something_counts() -> None:
    profile = snmp("a", "{}", INFO)
    transport = device(
        BASE,
        descr="PDU MN:BX-1",
        name="rack-1",
        **{
            f"{BASE}.8.0": " ",
            f"{BASE}.9.1.2": "",
            f"{BASE}.9.1.10": "S-10",
            f"{BASE}.9.1.3": "S-3",
        },
    )
    identity, refused = await read_identity(transport, profile, make_plan(profile))
    assert (identity.vendor, identity.model, identity.serial) == ("Acme", "BX-1", "S-3")
    assert (identity.firmware, refused) == (None, ())
    assert (identity.sys_object_id, identity.sys_name) == (BASE, "rack-1")


async def test_of_a_tables_rows_the_most_wanted_kind_that_says_something_counts() -> None:
    # kinds: 3 the chassis, 11 the stack, 9 a module
    info = f"{{model: {{column: {BASE}.9.13, by: {BASE}.9.5, among: [3, 11]}}}}"
    profile = snmp("a", "{}", info)
    kinds = {f"{BASE}.9.5.{row}": kind for row, kind in ((1, "11"), (2, "9"), (7, "3"), (8, "3"))}
    named = {f"{BASE}.9.13.{row}": f"M-{row}" for row in (1, 2, 7, 8, 9)}

    async def model(**cells: str) -> str | None:
        identity, _ = await read_identity(device(BASE, **cells), profile, make_plan(profile))
        return identity.model

    assert await model(**kinds, **named) == "M-7"
    assert await model(**kinds, **(named | {f"{BASE}.9.13.7": ""})) == "M-8"
    assert await model(**kinds, **{f"{BASE}.9.13.1": "M-1", f"{BASE}.9.13.2": "M-2"}) == "M-1"
    assert await model(**named) is None


async def test_a_row_of_a_column_may_be_chosen_by_the_column_beside_it() -> None:
    source = f"{{column: {BASE}.9.1, by: {BASE}.9.2, among: [chassis, stack]}}"
    profile = snmp("a", "{}", f"{{serial: {source}}}")
    rows = {"1": ("S-1", "fan"), "2": ("S-2", "stack"), "3": ("S-3", "chassis"), "4": ("S-4", "")}
    cells = {
        f"{BASE}.9.{column}.{row}": text
        for row, texts in rows.items()
        for column, text in enumerate(texts, 1)
    }
    identity, _ = await read_identity(device(BASE, **cells), profile, make_plan(profile))
    assert identity.serial == "S-3"


async def test_a_field_may_be_a_number_or_an_oid() -> None:
    profile = snmp("a", "{}", f"{{model: {{oid: {BASE}.8.0}}, firmware: {{oid: {BASE}.7.0}}}}")
    cells: dict[bytes, tuple[int, int | bytes | None]] = {
        smi.oid(f"{BASE}.8.0"): (smi.OBJECT_ID, smi.oid(f"{BASE}.1")),
        smi.oid(f"{BASE}.7.0"): (smi.INTEGER, 42),
    }
    identity, _ = await read_identity(MemoryTransport(cells), profile, make_plan(profile))
    assert (identity.model, identity.firmware) == (f"{BASE}.1", "42")


async def test_a_pattern_that_does_not_fit_says_nothing() -> None:
    profile = snmp("a", "{}", f"{{model: {{oid: {BASE}.8.0, pattern: 'MN:(.*)'}}}}")
    transport = device(BASE, **{f"{BASE}.8.0": "something"})
    identity, _ = await read_identity(transport, profile, make_plan(profile))
    assert identity.model is None


async def test_registers_say_who_a_modbus_device_is() -> None:
    profile = modbus(
        "a",
        "{}",
        "{model: {address: 100, count: 2}, serial: {address: 102, data_type: uint32},"
        " firmware: {address: 104, data_type: float32}}",
    )
    words = {**RPU, 102: 1, 103: 0x0002, 104: 0x7FC0, 105: 0}
    identity, refused = await read_identity(Registers(words), profile, make_plan(profile))
    assert (identity.model, identity.serial, identity.firmware) == ("RPU", "65538", None)
    assert (refused, identity.vendor, identity.sys_object_id) == ((), None, None)


async def test_a_refused_part_costs_only_itself() -> None:
    profile = modbus(
        "a", "{}", "{model: {address: 100, count: 2}, serial: {address: 5000, count: 2}}"
    )
    identity, refused = await read_identity(Registers(RPU), profile, make_plan(profile))
    assert (identity.model, identity.serial) == ("RPU", None)
    assert [type(error) for error in refused] == [RequestRejected]


async def test_silence_while_asking_who_it_is_is_the_devices_failure() -> None:
    profile = modbus("a", "{}", "{model: {address: 100, count: 2}}")
    with pytest.raises(DeviceError):
        await read_identity(Registers({}, {100}), profile, make_plan(profile))
