"""Monitoring that nobody here wrote: a Prometheus and an snmp_exporter, started for a test."""

import json
import subprocess
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.end_to_end.programs import fetch
from tests.peers import require
from tests.waiting import PATIENCE_S, eventually


@contextmanager
def _running(log: Path, *command: str) -> Iterator[None]:
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        try:
            yield
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE_S)


@contextmanager
def prometheus(folder: Path, job: Mapping[str, Any], port: int, every_s: int = 1) -> Iterator[str]:
    """A Prometheus that scrapes what ``job`` says; gives its base URL."""
    config = folder / "prometheus.yml"
    every = {"scrape_interval": f"{every_s}s", "scrape_timeout": f"{every_s}s"}
    jobs = [{"job_name": "rackagent", **job}]
    config.write_text(json.dumps({"global": every, "scrape_configs": jobs}), encoding="utf-8")
    with _running(
        folder / "prometheus.log",
        require("prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ):
        url = f"http://127.0.0.1:{port}"
        eventually(lambda: "Ready" in fetch(f"{url}/-/ready"))
        yield url


@contextmanager
def snmp_exporter(folder: Path, modules: str, port: int) -> Iterator[str]:
    """An snmp_exporter with these modules (the text of its snmp.yml); gives its base URL."""
    config = folder / "snmp.yml"
    config.write_text(modules, encoding="utf-8")
    with _running(
        folder / "snmp_exporter.log",
        require("prometheus-snmp-exporter"),
        f"--config.file={config}",
        f"--web.listen-address=127.0.0.1:{port}",
    ):
        url = f"http://127.0.0.1:{port}"
        eventually(lambda: fetch(f"{url}/metrics"))
        yield url


def query(url: str, expression: str) -> list[dict[str, Any]]:
    """What Prometheus at ``url`` answers to an instant query."""
    question = urllib.parse.urlencode({"query": expression})
    answer = json.loads(fetch(f"{url}/api/v1/query?{question}"))
    assert answer["status"] == "success", answer
    result: list[dict[str, Any]] = answer["data"]["result"]
    return result
