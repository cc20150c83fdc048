"""What a rack of a site's file names, and what is said where it is missing or unknown."""

from pathlib import Path

import pytest

from tests.agent.cli.conftest import Run

SITE = """\
racks:
  - name: r1
    KEY
    devices:
      - {name: cdu, url: "modbus+tcp://127.0.0.1:1/1", profile: orv3-rpu}
"""


@pytest.mark.parametrize(
    ("key", "command", "says"),
    [
        ("", "commission --stage L11", ":2: racks[0].generation: is missing; add it, or give --ge"),
        (
            "generation: orv3-rpu",
            "commission --stage L11",
            ":3: racks[0].generation: unknown generation 'orv3-rpu'; there are orv3. What the"
            " simulator runs is the rack's 'model'",
        ),
        (
            "generation: nvl72",
            "commission --stage L11",
            "nvl72 needs devices that the rack does",
        ),
        ("generation: mine.yaml", "commission --stage L11", "mine.yaml: the file does not exist"),
        ("sheet: r1.yaml", "rack verify", "r1.yaml: the file does not exist"),
        ("", "rack verify", ":2: racks[0].sheet: is missing; add it, or give --sheet"),
    ],
)
def test_a_rack_key_that_is_missing_or_unknown(
    run: Run, tmp_path: Path, key: str, command: str, says: str
) -> None:
    site = tmp_path / "site.yaml"
    site.write_text(SITE.replace("    KEY\n", f"    {key}\n" if key else ""))
    result = run(*command.split(), site)
    assert result.status == 2
    assert says in result.err
