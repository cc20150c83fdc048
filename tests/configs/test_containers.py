"""Compose file and manifests. No engine runs where tests run: what can be held is held here."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.config import load_config
from simulator.site.rack_server import build
from tests.house import ROOT
from tests.peers import require

DOCKER = ROOT / "configs" / "docker"


@pytest.fixture
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))
    return found


def test_every_service_is_locked_down(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        for port in service.get("ports", ()):
            assert port.startswith("127.0.0.1:"), f"{name} is open to the network"


def test_every_file_and_volume_that_is_mounted_is_there(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (DOCKER / source).exists(), source
            else:
                assert source in compose["volumes"], source
        for needed in service.get("depends_on", ()):
            assert needed in compose["services"]
        if "build" in service:
            context = (DOCKER / service["build"]["context"]).resolve()
            assert (context / service["build"]["dockerfile"]).exists()


def test_the_site_is_one_that_can_be_run_and_simulated() -> None:
    config = load_config(DOCKER / "site.yaml")
    site, _ = build(config)
    assert len(site) == len(config.devices) == 5
    assert config.spec.mqtt is not None
    assert config.spec.mqtt.host == "broker"


@pytest.mark.peer
def test_prometheus_takes_its_configuration(tmp_path: Path) -> None:
    for path in (DOCKER / "prometheus.yml", *(ROOT / "configs" / "prometheus").glob("*.yml")):
        if path.parent == DOCKER or path.name != "prometheus.yml":
            (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    done = subprocess.run(
        [require("promtool"), "check", "config", str(tmp_path / "prometheus.yml")],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_image_runs_as_the_user_that_manifests_name() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    [user] = re.findall(r"^USER (\d+)$", dockerfile, re.MULTILINE)
    [stateful, service] = yaml.safe_load_all(
        (ROOT / "configs" / "kubernetes" / "rackagent.yaml").read_text(encoding="utf-8")
    )
    pod = stateful["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsUser"] == int(user)
    [container] = pod["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert service["spec"]["selector"] == stateful["spec"]["selector"]["matchLabels"]
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    given = {volume["name"] for volume in pod["volumes"]}
    claimed = {claim["metadata"]["name"] for claim in stateful["spec"]["volumeClaimTemplates"]}
    assert mounted == given | claimed
