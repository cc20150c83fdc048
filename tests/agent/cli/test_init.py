"""``rackagent init``: what it writes is checked by the agent's own means, and guards itself."""

import stat
from pathlib import Path

import bcrypt
import yaml

from tests.end_to_end.programs import rackagent


def written(folder: Path, *options: str) -> list[str]:
    return rackagent("init", str(folder), *options).splitlines()


def test_what_it_writes_passes_the_check(tmp_path: Path) -> None:
    folder = tmp_path / "etc"
    *paths, said = written(folder, "--site", "hall-7", "--state", str(tmp_path))
    assert [Path(path).name for path in paths] == [
        *("site.yaml", "web.yml", "snmp-community", "rackagent.service"),
    ]
    checked = rackagent("check", str(folder / "site.yaml"))
    assert "2 devices" in checked
    site = yaml.safe_load((folder / "site.yaml").read_text(encoding="utf-8"))
    assert site["site"] == "hall-7"
    user, password = said.removeprefix("user ").split(", password ")
    hashed = yaml.safe_load((folder / "web.yml").read_text("utf-8"))["basic_auth_users"][user]
    assert bcrypt.checkpw(password.encode(), hashed.encode())
    everything = "".join(Path(path).read_text(encoding="utf-8") for path in paths)
    assert password not in everything


def test_secrets_are_for_their_owner_only(tmp_path: Path) -> None:
    *paths, _ = written(tmp_path / "etc")
    modes = {Path(path).name: stat.S_IMODE(Path(path).stat().st_mode) for path in paths}
    assert modes == {
        "site.yaml": 0o600,
        "web.yml": 0o600,
        "snmp-community": 0o600,
        "rackagent.service": 0o644,
    }


def test_the_unit_knows_the_folder(tmp_path: Path) -> None:
    written(tmp_path)
    unit = (tmp_path / "rackagent.service").read_text(encoding="utf-8")
    assert f"rackagent run {tmp_path}/site.yaml" in unit
    assert "Type=notify" in unit


def test_nothing_is_overwritten_unless_that_is_wanted(
    tmp_path: Path,
) -> None:
    (tmp_path / "web.yml").write_text("mine")
    rackagent("init", str(tmp_path), status=2)
    assert (tmp_path / "web.yml").read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "site.yaml").exists()
    written(tmp_path, "--force")
    assert "basic_auth_users" in (tmp_path / "web.yml").read_text(encoding="utf-8")


def test_two_nodes_have_two_passwords(tmp_path: Path) -> None:
    assert written(tmp_path / "a")[-1] != written(tmp_path / "b")[-1]


def test_a_folder_that_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    rackagent("init", str(tmp_path / "file" / "below"), status=2)
