"""Stimuli of a site's file: commands, and writes that somebody confirmed."""

from pathlib import Path

import pytest

from agent.config import load_config
from agent.config.stimuli import Command, RegisterWrite, SnmpWrite
from agent.model import smi
from tests.agent.config.conftest import ENVIRONMENT, SITE, Check

OID = "1.3.6.1.4.1.318.1.1.12.3.3.1.1.4.1"
SET = f"{{device: pdu-a, oid: {OID}, type: integer, value: 2}}"


def site(entry: str) -> str:
    """A site whose only stimulus stands in line 2; its devices follow."""
    rest = SITE.replace(
        "  - name: r2\n",
        "      - {name: all, url: modbus+tcp://10.0.0.8/0}\n"
        "      - {name: line, url: modbus+rtu:///dev/ttyS0/1}\n  - name: r2\n",
    )
    return f"stimuli:\n  off: {entry}\n{rest}"


def test_commands_and_writes_become_records(folder: Path) -> None:
    more = (
        "  run: [breaker, open]\n"
        "  cdu: {write: {device: rpu, register: 40100, value: 65535}, confirmed: true}\n"
        f"  limit: {{write: {{device: spare, oid: {OID}, type: gauge, value: 4294967295}},"
        " confirmed: true}\n"
        f"  name: {{write: {{device: spare, oid: {OID}, type: string, value: é}},"
        " confirmed: true}\n"
    )
    text = site(f"{{write: {SET}, confirmed: true}}\n{more}")
    (folder / "site.yaml").write_text(text)
    config = load_config(folder / "site.yaml", ENVIRONMENT)
    assert config.stimuli["run"] == Command(("breaker", "open"))
    by_name = {device.name: device for device in config.devices}
    pdu, spare = by_name["pdu-a"], by_name["spare"]
    assert config.stimuli["off"] == SnmpWrite(
        "pdu-a", pdu.url, pdu.credentials, 1.5, smi.oid(OID), smi.INTEGER, 2
    )
    assert config.stimuli["cdu"] == RegisterWrite("rpu", by_name["rpu"].url, 1.0, 40100, 65535)
    limit, name = config.stimuli["limit"], config.stimuli["name"]
    assert isinstance(limit, SnmpWrite)
    assert isinstance(name, SnmpWrite)
    assert (limit.tag, limit.value, limit.credentials) == (
        smi.GAUGE32,
        2**32 - 1,
        spare.credentials,
    )
    assert (name.tag, name.value) == (smi.OCTET_STRING, "é".encode())
    assert "from-outside" not in repr(limit)


UNCONFIRMED = (
    ":2: stimuli.off.confirmed: this writes to a device: check what it does to the rack,"
    " then add 'confirmed: true' here"
)


def snmp(rest: str) -> str:
    return f"{{write: {{device: pdu-a, oid: {OID}, {rest}}}, confirmed: true}}"


def modbus(rest: str) -> str:
    return f"{{write: {{{rest}}}, confirmed: true}}"


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (f"{{write: {SET}}}", UNCONFIRMED),
        (f"{{write: {SET}, confirmed: false}}", UNCONFIRMED),
        (
            snmp("type: integer, value: 2147483648"),
            ":2: stimuli.off.write: the value of integer is a whole number from -2147483648 to"
            " 2147483647, not 2147483648",
        ),
        (
            snmp("type: gauge, value: -1"),
            ":2: stimuli.off.write: the value of gauge is a whole number from 0 to 4294967295,"
            " not -1",
        ),
        (
            snmp("type: gauge, value: 'two'"),
            ":2: stimuli.off.write: the value of gauge is a whole number from 0 to 4294967295,"
            " not 'two'",
        ),
        (
            snmp("type: string, value: 7"),
            ":2: stimuli.off.write: the value of a string is text; put it in quotes",
        ),
        (
            snmp(f"type: string, value: {'x' * 256}"),
            ":2: stimuli.off.write: the value is longer than 255 octets",
        ),
        (
            modbus("device: pdu-a, oid: sysName, type: integer, value: 1"),
            ":2: stimuli.off.write.oid: 'sysName' is not an OID: write numbers joined by dots",
        ),
        (
            modbus("device: rpu, register: 65536, value: 1"),
            ":2: stimuli.off.write.register: must be at most 65535, not 65536",
        ),
        (
            modbus("device: rpu, register: 1, value: -1"),
            ":2: stimuli.off.write.value: must be at least 0, not -1",
        ),
        (
            modbus("device: cdu, register: 1, value: 1"),
            ":2: stimuli.off.write.device: unknown device 'cdu'; there are: all, line, pdu-a, rpu,"
            " spare",
        ),
        (
            modbus("device: pdu-a, register: 1, value: 1"),
            ":2: stimuli.off.write.device: pdu-a speaks snmp; give 'oid', 'type' and 'value'",
        ),
        (
            modbus(f"device: rpu, oid: {OID}, type: integer, value: 1"),
            ":2: stimuli.off.write.device: rpu speaks modbus; give 'register' and 'value'",
        ),
        (
            modbus("device: line, register: 1, value: 1"),
            ":2: stimuli.off.write.device: line is on modbus+rtu; registers are written by"
            " modbus+tcp only",
        ),
        (
            modbus("device: all, register: 1, value: 1"),
            ":2: stimuli.off.write.device: all is unit 0, which addresses every unit; put one unit"
            " in its URL",
        ),
        ("{write: 5, confirmed: true}", ":2: stimuli.off.write: must be a mapping"),
        ("{write: {device: 5}, confirmed: true}", ":2: stimuli.off.write.device: must be text"),
    ],
)
def test_a_write_that_is_refused(problems: Check, entry: str, says: str) -> None:
    told = problems(site(entry))
    assert any(line.startswith(says) for line in told), told


def test_a_write_where_no_device_can_be_told(problems: Check) -> None:
    entry = f"stimuli:\n  off: {{write: {SET}, confirmed: true}}\n"
    assert any(
        "unknown device 'pdu-a'; no device is configured" in line for line in problems(entry)
    )
    nameless = f"{entry}racks: [{{name: r, devices: [{{name: 5, url: 'snmp://h'}}]}}]\n"
    assert any("no device is configured" in line for line in problems(nameless))
    lost = f"{entry}racks: [{{name: r, devices: [{{name: pdu-a, url: nowhere}}]}}]\n"
    assert not any("stimuli" in line for line in problems(lost))
