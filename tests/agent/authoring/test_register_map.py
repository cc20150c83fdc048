"""Foreign register maps: what becomes a point, what is left to a person, what is refused."""

import json
from fractions import Fraction
from pathlib import Path

import pytest

from agent.authoring.register_map import draft_profile, read_csv, read_rackmon
from agent.model.errors import ConfigError
from agent.profile.library import open_library
from tests.drivers.harness import corpus
from tests.end_to_end.programs import rackagent

RACKMON = {
    "name": "TEST_PSU",
    "address_range": [[144, 149]],
    "probe_register": 8,
    "baudrate": 19200,
    "parity": "NONE",
    "special_handlers": [{"reg": 90, "len": 2, "action": "write", "info": {"shell": "date +%s"}}],
    "registers": [
        {"begin": 8, "length": 8, "format": "STRING", "name": "PSU_MFR_Model"},
        {"begin": 24, "length": 8, "format": "STRING", "name": "PSU_MFR_Serial"},
        {"begin": 52, "length": 2, "format": "INTEGER", "name": "Total_Up_Time"},
        {"begin": 60, "length": 1, "format": "FLAGS", "flags": [[3, "Fan Fail"], [0, "PFC"]],
         "name": "Alarm_Status"},
        {"begin": 69, "length": 1, "format": "FLOAT", "precision": 7, "sign": True,
         "name": "PSU_Temp0_Inlet"},
        {"begin": 79, "length": 1, "format": "FLOAT", "precision": 10, "name": "Output_Voltage"},
        {"begin": 100, "length": 1, "format": "FLOAT", "scale": 0.1, "name": "Coolant_Flow_LPM"},
        {"begin": 110, "length": 1, "format": "FLOAT", "scale": 0.1, "shift": -273.15,
         "endian": "L", "name": "Pack_Temp"},
        {"begin": 101, "length": 2, "format": "INTEGER", "endian": "L", "name": "Fan_RPM"},
    ],
}  # fmt: skip

CSV = """Address;Name;Type;Scale;Unit
40001;Supply temperature;int16;0.1;°C
40002;Flow;uint16;0.1;l/min
0x0010;Input power;uint32;;kW
30005;Humidity;uint16;0.1;%RH
40020;Mode;uint16;;

"""


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_rackmon_map_becomes_a_profile_that_checks(tmp_path: Path) -> None:
    rows, head, draft = read_rackmon(write(tmp_path / "psu.json", json.dumps(RACKMON)))
    draft_profile(rows, head, draft, "rackmon map")
    assert draft.points == 6
    assert draft.undecided == ["register 52 'Total_Up_Time': its name does not imply a unit"]
    assert len(draft.refused) == 1
    assert "register 90" in draft.refused[0]
    assert "confirm the unit" in draft.yaml
    profile = open_library().load(write(tmp_path / "test-psu.yaml", draft.yaml))
    assert profile.serial.units == ((144, 149),)
    assert set(profile.info) == {"model", "serial"}
    assert {point.metric.name for point in profile.points} == {
        "rack_alarm_active",
        "rack_sensor_temperature_celsius",
        "rack_sensor_voltage_volts",
        "rack_coolant_flow_liters_per_second",
        "rack_fan_speed_rpm",
    }


def test_the_values_come_out_as_the_map_says(tmp_path: Path) -> None:
    rows, _, _ = read_rackmon(write(tmp_path / "psu.json", json.dumps(RACKMON)))
    by_name = {row.name: row for row in rows}
    assert by_name["PSU_Temp0_Inlet"].data_type == "int16"
    assert by_name["PSU_Temp0_Inlet"].scale * 128 == 1
    assert by_name["Output_Voltage"].scale * 1024 == 1
    assert by_name["Coolant_Flow_LPM"].unit == "L/min"
    assert by_name["Fan_RPM"].byte_order == "DCBA"
    assert by_name["Pack_Temp"].byte_order == "BADC"
    assert by_name["Pack_Temp"].offset == Fraction("-273.15")
    assert by_name["Alarm_Status"].flags == ((3, "Fan Fail"), (0, "PFC"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "is not JSON"),
        ("[]", "must be a JSON object at the top"),
        ("{}", "registers: is not a rackmon map"),
        ('{"registers": [{"begin": 1}]}', r"registers\[0\]: unusable"),
    ],
)
def test_what_is_no_rackmon_map_is_said(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        read_rackmon(write(tmp_path / "map.json", text))


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.json: the file does not exist"):
        read_rackmon(tmp_path / "gone.json")


def test_a_vendors_table_becomes_a_profile_with_units_and_tables(tmp_path: Path) -> None:
    rows, head, draft = read_csv(write(tmp_path / "cdu.csv", CSV))
    places = [(row.table, row.address, row.data_type, row.unit) for row in rows]
    assert places == [
        ("holding", 0, "int16", "degC"),
        ("holding", 1, "uint16", "L/min"),
        ("holding", 16, "uint32", "kW"),
        ("input", 4, "uint16", "%RH"),
        ("holding", 19, "uint16", ""),
    ]
    draft_profile(rows, head, draft, "vendor's table")
    assert draft.undecided == ["register 19 'Mode': its name does not imply a unit"]
    profile = open_library().load(write(tmp_path / "cdu.yaml", draft.yaml))
    assert len(profile.points) == 4


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Name,Unit\nFlow,L/s\n", "no heading for 'address' in line 1"),
        ("Address,Name\n", "has no rows"),
        ("Address,Name,Type\nx,Flow,int16\n2,P,int17\n", "2: address 'x' is not a number"),
        ("Address,Name,Type\nx,Flow,int16\n2,P,int17\n", "3: type 'int17' is unknown"),
        ("Address,Name,Scale\n1,Flow,a/b\n", "2: scale 'a/b'"),
    ],
)
def test_every_unusable_line_of_a_table_is_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        read_csv(write(tmp_path / "map.csv", text))


def test_the_command_writes_a_profile_once_and_reports(tmp_path: Path) -> None:
    source = write(tmp_path / "cdu.csv", CSV)
    target = tmp_path / "my-cdu.yaml"
    rackagent("profiles", "import", "csv", str(source), "--out", str(target))
    assert "4 points" in rackagent("profiles", "check", str(target))
    rackagent("profiles", "import", "csv", str(source), "--out", str(target), status=2)
    assert rackagent("profiles", "import", "csv", str(source)).startswith("profile: cdu\n")


@pytest.mark.corpus
def test_every_map_in_use_imports(tmp_path: Path) -> None:
    for source in sorted((corpus() / "modbus" / "rackmon").glob("*.json")):
        rows, head, draft = read_rackmon(source)
        name = source.stem.replace("_", "-")
        draft_profile(rows, {**head, "name": name}, draft, source.name)
        profile = open_library().load(write(tmp_path / f"{name}.yaml", draft.yaml))
        assert len(profile.points) >= draft.points > 0
        assert all("shell" in line for line in draft.refused)


def test_a_cell_that_is_too_long_is_a_mistake_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "map.csv"
    rows = "40098;Voltage;uint16;1;V\n" * 300  # beyond what is looked at for the delimiter
    path.write_text(f"{CSV}{rows}40099;{'x' * 200_000};int16;1;V\n")
    with pytest.raises(
        ConfigError, match=r"map\.csv:\d+: is not CSV: field larger than field limit"
    ):
        read_csv(path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[" * 100_000, "nested more than 100 levels deep"),
        ('{"registers": [' + "9" * 5_000 + "]}", "is not JSON"),
        ('{"registers": [], "special_handlers": [1]}', "is no list of mappings"),
    ],
    ids=["nested", "digits", "handlers"],
)
def test_a_map_that_is_out_of_bounds(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "map.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match=says):
        read_rackmon(path)


@pytest.mark.parametrize(
    ("row", "place"),
    [
        ("30012,Input Register", ("input", 11)),
        ("30012,", ("input", 11)),
        ("40012,holding", ("holding", 11)),
        ("12,holding", ("holding", 12)),
    ],
)
def test_modicon_addresses_are_translated_with_their_table(
    tmp_path: Path, row: str, place: tuple[str, int]
) -> None:
    path = tmp_path / "m.csv"
    path.write_text(f"address,table,name,unit\n{row},supply temperature,degC\n")
    [found], _, _ = read_csv(path)
    assert (found.table, found.address) == place


@pytest.mark.parametrize("table", ["coil", "Discrete Input"])
def test_bits_are_named_and_not_read_as_registers(tmp_path: Path, table: str) -> None:
    path = tmp_path / "m.csv"
    path.write_text(f"address,table,name,unit\n3,{table},leak,\n")
    with pytest.raises(ConfigError, match=r"m\.csv:2: .*describe coils and discrete inputs"):
        read_csv(path)
