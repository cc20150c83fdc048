"""The HTTP interface as schemathesis takes it at its word: every answer is one that it promises.

``RACKAGENT_API_EXAMPLES`` sets how many requests each operation gets in the random part.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.end_to_end.ports import free_tcp_ports
from tests.end_to_end.programs import background, fetch
from tests.simulator.bench import write_site
from tests.waiting import eventually

EXAMPLES = os.environ.get("RACKAGENT_API_EXAMPLES", "40")
CHECKS = (
    *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
    *("response_schema_conformance", "response_headers_conformance"),
)


def test_every_answer_is_one_that_the_description_promises(tmp_path: Path) -> None:
    [http] = free_tcp_ports(1)
    path = write_site(
        tmp_path,
        {"pdu-a": "apc-rpdu2", "cdu": "orv3-rpu", "switch-1": "switch"},
        http={"listen": f"127.0.0.1:{http}"},
        reload={"http": True},
        probe={"networks": ["127.0.0.0/30"]},
        defaults={"interval": "500ms", "timeout": "200ms", "retries": 0},
    )
    url = f"http://127.0.0.1:{http}"
    with background("simulate", str(path)), background("run", str(path)):
        eventually(lambda: "ready" in fetch(f"{url}/-/ready"))
        polls = _polls(url)
        done = subprocess.run(
            [
                *(Path(sys.executable).with_name("st"), "run", f"{url}/openapi.json"),
                *("--checks", ",".join(CHECKS), "--max-examples", EXAMPLES, "--no-color"),
                *("--generation-deterministic", "--request-timeout", "20"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=500,
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
        eventually(lambda: min(_polls(url)) > max(polls))
        assert all(device["up"] for device in _devices(url))


def _polls(url: str) -> list[int]:
    return [device["polls"] for device in _devices(url)]


def _devices(url: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(fetch(f"{url}/api/v1/devices"))["devices"]
    return found
