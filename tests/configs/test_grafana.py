"""The dashboards that ship: as 'make docs' writes them, and each query can be asked."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from docs import dashboards
from tests.configs.test_prometheus_rules import known_metrics
from tests.house import ROOT
from tests.peers import require

FOLDER = ROOT / "configs" / "grafana"


def files() -> dict[str, dict[str, Any]]:
    return {path.name: json.loads(path.read_text(encoding="utf-8"))
            for path in sorted((FOLDER / "dashboards").glob("*.json"))}  # fmt: skip


def queries() -> list[str]:
    """Every query of every dashboard with its variables filled in, as Grafana does."""
    return [
        re.sub(r"\$(?:site|rack)\b", ".*", target["expr"])
        for each in files().values()
        for panel in each["panels"]
        for target in panel["targets"]
    ]


def test_the_files_are_what_make_docs_writes() -> None:
    written = {
        path.name: path.read_text(encoding="utf-8")
        for path in (FOLDER / "dashboards").glob("*.json")
    }
    assert written == dashboards.pages(), "stale: run 'make docs'"


def test_every_metric_that_they_name_exists() -> None:
    named = {
        name for query in queries() for name in re.findall(r"\brack(?:agent)?[_:][\w:]+", query)
    }
    assert len(named) > 40
    assert {name.removesuffix("_bucket") for name in named} <= known_metrics()


@pytest.mark.peer
def test_promtool_can_read_every_query(tmp_path: Path) -> None:
    rules = [{"record": f"q{number}", "expr": query} for number, query in enumerate(queries())]
    path = tmp_path / "queries.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    done = subprocess.run([require("promtool"), "check", "rules", str(path)],
                          capture_output=True, text=True, timeout=60)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(rules)} rules found" in done.stdout


def test_pages_and_panels_are_told_apart_and_do_not_overlap() -> None:
    found = files()
    assert {f"{page['uid']}.json" for page in found.values()} == set(found)
    for page in found.values():
        panels = page["panels"]
        assert len({panel["id"] for panel in panels}) == len(panels)
        places: set[tuple[int, int]] = set()
        for panel in panels:
            at = panel["gridPos"]
            covered = {(x, y) for x in range(at["x"], at["x"] + at["w"])
                       for y in range(at["y"], at["y"] + at["h"])}  # fmt: skip
            assert at["x"] + at["w"] <= 24
            assert not covered & places, panel["title"]
            places |= covered


def test_what_grafana_is_given_at_its_start_names_what_there_is() -> None:
    given = FOLDER / "provisioning"
    sources = yaml.safe_load((given / "datasources" / "prometheus.yml").read_text("utf-8"))
    assert [source["type"] for source in sources["datasources"]] == ["prometheus"]
    providers = yaml.safe_load((given / "dashboards" / "rackagent.yml").read_text("utf-8"))
    assert [provider["type"] for provider in providers["providers"]] == ["file"]
