"""Build sheets: YAML, CSV, NetBox's tables, and what is refused."""

from pathlib import Path

import pytest

from agent.commission.spec.build_sheet import Sheet, SheetCable, SheetDevice, SheetEnd, load_sheet
from agent.model.errors import ConfigError

YAML = """\
rack: r01
devices:
  - {device: pdu-a, model: AP8853, serial: S1, firmware: 1.0.0, slot: left}
  - {device: shelf-1, component: psu-1, serial: S2}
cables:
  - {a: {device: switch-1, port: Ethernet1}, b: {device: node-01, port: eth1}, speed: 400 Gbit/s}
"""


def end(device: str, port: str) -> SheetEnd:
    return SheetEnd(device=device, port=port)


CABLE = SheetCable(a=end("switch-1", "Ethernet1"), b=end("node-01", "eth1"), speed="400 Gbit/s")


def written(folder: Path, text: str, name: str = "sheet.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_yaml(tmp_path: Path) -> None:
    sheet = load_sheet(written(tmp_path, YAML))
    assert sheet == Sheet(
        rack="r01",
        devices=[
            SheetDevice(device="pdu-a", model="AP8853", serial="S1", firmware="1.0.0", slot="left"),
            SheetDevice(device="shelf-1", component="psu-1", serial="S2"),
        ],
        cables=[CABLE],
    )
    assert sheet.devices[1].place == "shelf-1 psu-1"
    assert CABLE.speed_b_s() == 50e9


def test_csv(tmp_path: Path) -> None:
    devices = written(
        tmp_path,
        "\ufeffDevice;Component;Part number;Serial;MAC\r\npdu-a;;AP8853;S1;02:00:00:00:00:01\r\n"
        ";;;;\r\nshelf-1;psu-1;;S2;\r\n",
        "devices.csv",
    )
    cables = written(
        tmp_path,
        "device,port,remote_device,remote_port,speed\nswitch-1,Ethernet1,node-01,eth1,400 Gbit/s\n",
        "cables.csv",
    )
    sheet = load_sheet(devices, cables)
    assert sheet.cables == [CABLE]
    assert sheet.devices == [
        SheetDevice(device="pdu-a", model="AP8853", serial="S1", mac="02:00:00:00:00:01"),
        SheetDevice(device="shelf-1", component="psu-1", serial="S2"),
    ]
    assert load_sheet(devices).cables == []


def test_what_netbox_exports(tmp_path: Path) -> None:
    """The columns of dcim.device and dcim.cable in NetBox 4's import and export."""
    devices = written(
        tmp_path,
        "name,role,manufacturer,device_type,serial,rack,position,face,cf_firmware\n"
        "leaf-1,leaf,Arista,DCS-7060,JPE1,r01,22,front,4.30\n",
        "devices.csv",
    )
    cables = written(
        tmp_path,
        "side_a_device,side_a_type,side_a_name,side_b_device,side_b_type,side_b_name,status\n"
        "switch-1,dcim.interface,Ethernet1,node-01,dcim.interface,eth1,connected\n"
        "switch-1,dcim.interface,Ethernet2,node-02,dcim.interface,eth1,planned\n",
        "cables.csv",
    )
    sheet = load_sheet(devices, cables)
    assert sheet.devices == [
        SheetDevice(
            *(),
            device="leaf-1",
            vendor="Arista",
            model="DCS-7060",
            serial="JPE1",
            firmware="4.30",
            slot="22",
        )
    ]
    assert [str(cable.b) for cable in sheet.cables] == ["node-01 eth1"]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("serial: S2", "serial: S1", "4: devices[1].serial: duplicate serial S1, also of pdu-a"),
        ("shelf-1, component: psu-1", "pdu-a", "4: devices[1]: duplicate device or part pdu-a"),
        ("400 Gbit/s", "fast", "6: cables[0].speed: 'fast' is not a rate such as 400 Gbit/s"),
        ("400 Gbit/s", "400 kW", "6: cables[0].speed: '400 kW' is not a rate"),
        ("400 Gbit/s", "4 parsec", "6: cables[0].speed: unknown unit 'parsec'"),
        (
            "node-01, port: eth1",
            "switch-1, port: Ethernet1",
            "6: cables[0]: switch-1 Ethernet1 has",
        ),
        ("serial: S2", "serail: S2", "4: devices[1].serail: unknown key"),
        ("port: eth1", "port: ''", "6: cables[0].b.port: "),
    ],
)
def test_what_is_wrong_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    path = written(tmp_path, YAML.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        load_sheet(path)
    assert str(caught.value).startswith(f"{path}:{says}")


@pytest.mark.parametrize(
    ("devices", "cables", "says"),
    [
        ("serial\nS1\n", None, "devices.csv:1: has no column device or name"),
        ("device,serial\n,S1\n", None, "devices.csv:2: "),
        (f"device,serial\npdu,{'x' * 200_000}\n", None, "devices.csv: is not CSV: field larger"),
        ("device\npdu\n", "device,port\nx,y\n", "cables.csv:1: has no column b_device or remote_"),
        (
            "device\npdu\n",
            "device,port,remote_device,remote_port\na,1,b,\n",
            "cables.csv:2: b_port: is empty",
        ),
        (
            "device\npdu\n",
            "device,port,remote_device,remote_port\na,1,b,1\na,1,b,2\n",
            "cables.csv: cables[1]: a 1 has two cables",
        ),
    ],
)
def test_tables_that_are_none(tmp_path: Path, devices: str, cables: str | None, says: str) -> None:
    one = written(tmp_path, devices, "devices.csv")
    other = None if cables is None else written(tmp_path, cables, "cables.csv")
    with pytest.raises(ConfigError) as caught:
        load_sheet(one, other)
    assert says in str(caught.value)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_sheet(tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes(b"device\n\xff\n")
    with pytest.raises(ConfigError, match="is not UTF-8"):
        load_sheet(tmp_path / "latin.csv")
    with pytest.raises(ConfigError, match="--cables needs a CSV"):
        load_sheet(written(tmp_path, YAML), tmp_path / "cables.csv")
