"""The Dockerfile without an engine: what its text must hold, and its steps in a clean tree.

``RACKAGENT_IMAGE=1`` takes every Python step as it is written, with environments of its own and
packages from the registry (a minute); else the wheel meets the packages that are installed here.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.house import ROOT

WHOLE = os.environ.get("RACKAGENT_IMAGE", "") == "1"
Step = tuple[str, str]


def steps(text: str) -> list[Step]:
    """The instructions and what they are given, with lines that go on put together."""
    lines = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    pairs = (line.partition(" ") for line in lines)
    return [(word, rest.strip()) for word, _, rest in pairs if word]


@pytest.fixture(scope="module")
def stages() -> list[list[Step]]:
    """The Dockerfile by its stages."""
    found: list[list[Step]] = []
    for step in steps((ROOT / "Dockerfile").read_text(encoding="utf-8")):
        if step[0] == "FROM":
            found.append([])
        found[-1].append(step)
    return found


def given(stage: list[Step], word: str) -> list[str]:
    return [text for each, text in stage if each == word]


def copy_context(target: Path) -> None:
    """What ``.dockerignore`` lets the build see: nothing but what it names with ``!``."""
    text = (ROOT / ".dockerignore").read_text(encoding="utf-8")
    first, *rest = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert first == "*"
    for line in rest:
        if line.startswith("!"):
            source = ROOT / line[1:]
            if source.is_dir():
                shutil.copytree(
                    source, target / source.name, ignore=shutil.ignore_patterns("__pycache__")
                )
            else:
                shutil.copy(source, target)


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build's context, alone."""
    folder = tmp_path_factory.mktemp("context")
    copy_context(folder)
    return folder


def test_the_base_is_one_and_pinned_to_a_version_that_the_project_takes(
    stages: list[list[Step]],
) -> None:
    bases = {given(stage, "FROM")[0].split()[0] for stage in stages}
    [base] = bases
    version = re.fullmatch(r"python:3\.(\d+)-slim", base)
    assert version, base
    assert int(version[1]) >= 11


def test_instructions_are_those_that_are_meant(stages: list[list[Step]]) -> None:
    words = {word for stage in stages for word, _ in stage}
    assert words <= {
        *("FROM", "WORKDIR", "RUN", "COPY", "LABEL", "ENV", "VOLUME", "USER", "EXPOSE"),
        *("HEALTHCHECK", "ENTRYPOINT", "CMD"),
    }
    assert "ADD" not in words
    runs = " && ".join(text for stage in stages for text in given(stage, "RUN"))
    assert not re.search(r"\b(?:curl|wget|apt-get|git|sudo)\b", runs)


def test_the_image_holds_no_tools_and_runs_as_nobody(stages: list[list[Step]]) -> None:
    *_, last = stages
    assert not [text for text in given(last, "RUN") if "pip" in text]
    [user] = given(last, "USER")
    assert int(user) > 0
    words = [word for word, _ in last]
    after = words[words.index("USER") :]
    assert "RUN" not in after
    assert "COPY" not in after
    for word in ("ENTRYPOINT", "CMD"):
        [text] = given(last, word)
        assert all(isinstance(each, str) for each in json.loads(text))  # no shell in between
    [entry] = given(last, "ENTRYPOINT")
    assert json.loads(entry) == ["rackagent"]


def test_the_health_check_is_a_program_for_the_port_that_is_open(stages: list[list[Step]]) -> None:
    [check] = given(stages[-1], "HEALTHCHECK")
    options, _, command = check.partition(" CMD ")
    assert {option.split("=")[0] for option in options.split()} >= {"--interval", "--timeout"}
    program, flag, code = json.loads(command)
    assert (program, flag) == ("python", "-c")
    compile(code, "health check", "exec")
    [port] = given(stages[-1], "EXPOSE")
    assert f":{port}/-/healthy" in code


def test_everything_installed_has_a_hash_or_is_our_own_wheel(stages: list[list[Step]]) -> None:
    commands = [
        command
        for stage in stages
        for text in given(stage, "RUN")
        for command in text.split("&&")
        if " pip install" in command
    ]
    assert len(commands) == 3
    for command in commands:
        assert "--no-cache-dir" in command
        if "--require-hashes" in command:
            [lock] = re.findall(r"-r (\S+)", command)
            assert (ROOT / lock).is_file()
        else:
            assert "--no-deps" in command
            assert command.split()[-1] == "dist/*.whl"


def test_what_is_copied_is_there(stages: list[list[Step]], context: Path) -> None:
    names = set()
    for stage in stages:
        for text in given(stage, "COPY"):
            *sources, _ = (word for word in text.split() if not word.startswith("--"))
            if named := re.search(r"--from=(\S+)", text):
                assert named[1] in names
                continue
            for source in sources:
                assert (context / source).exists(), source
        [base] = given(stage, "FROM")
        names |= set(re.findall(r" AS (\S+)$", base))


def test_the_context_is_what_the_image_needs_and_no_more(context: Path) -> None:
    found = {path.name for path in context.iterdir()}
    assert {"agent", "drivers", "simulator", "configs", "requirements.lock"} <= found
    assert not found & {".git", "tests", "docs", "bench", ".venv"}


def test_images_of_others_have_a_version() -> None:
    compose = yaml.safe_load(
        (ROOT / "configs" / "docker" / "compose.yaml").read_text(encoding="utf-8")
    )
    for name, service in compose["services"].items():
        if "build" not in service:
            image, _, tag = service["image"].partition(":")
            assert re.match(r"v?\d", tag), f"{name}: {image} has no version"


def run(*command: str | Path, folder: Path, **environment: str) -> str:
    done = subprocess.run(
        [*map(str, command)], cwd=folder, capture_output=True, text=True, timeout=600,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **environment},
    )  # fmt: skip
    assert done.returncode == 0, f"{shlex.join(map(str, command))}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_the_wheel_made_of_the_context_alone_is_a_whole_agent(
    context: Path, tmp_path: Path
) -> None:
    pip = (sys.executable, "-m", "pip")
    make = ("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", "dist", ".")
    run(*pip, *make, folder=context)
    [wheel] = (context / "dist").glob("*.whl")
    root = tmp_path / "root"
    run(*pip, "install", "--no-deps", "--no-index", "--target", root, wheel, folder=tmp_path)

    def rackagent(*given: str) -> str:
        command = (sys.executable, "-m", "agent", *given)
        return run(*command, folder=tmp_path, PYTHONPATH=str(root))

    assert re.search(r"\d+\.\d+", rackagent("--version"))
    assert "apc-rpdu2" in rackagent("profiles", "list")
    shutil.copy(ROOT / "configs" / "docker" / "site.yaml", tmp_path)
    rackagent("check", "site.yaml")


@pytest.mark.skipif(not WHOLE, reason="RACKAGENT_IMAGE=1 builds it with packages from the registry")
def test_every_python_step_as_it_is_written(
    stages: list[list[Step]], context: Path, tmp_path: Path
) -> None:
    tools, target = tmp_path / "tools", tmp_path / "rackagent"
    run(sys.executable, "-m", "venv", tools, folder=context)
    path = f"{tools / 'bin'}:{os.environ['PATH']}"
    for text in given(stages[0], "RUN"):
        script = text.replace("/opt/rackagent", str(target))
        run("sh", "-c", script, folder=context, PATH=path)
    own = f"{target / 'bin'}:{os.environ['PATH']}"
    assert re.search(r"\d+\.\d+", run("rackagent", "--version", folder=tmp_path, PATH=own))
    shutil.copy(ROOT / "configs" / "docker" / "site.yaml", tmp_path)
    run("rackagent", "check", "site.yaml", folder=tmp_path, PATH=own)
    listed = run(target / "bin" / "python", "-m", "pip", "list", folder=tmp_path, PATH=own)
    assert "pytest" not in listed
