"""The index of runs: which it has, and that the event loop reads none of their files."""

import asyncio
import json
import os
import threading
from pathlib import Path
from typing import IO, Any

import httpx
import pytest

from agent.commission.journal import run_index
from agent.commission.journal.reader import JOURNAL
from agent.commission.journal.run_index import RunIndex
from agent.web.data.runs import Runs
from tests.agent.expose.rack import DEVICES, Rack
from tests.agent.web.pages.test_pages import Served

BEATS = 2_000


def write(folder: Path, name: str, beats: int = 0) -> None:
    """A run that went on for so many beats and was cut off."""
    (folder / name).mkdir()
    head = {"event": "run_started", "at": 0.0, "wall": 1.0, "rack": name, "stage": "L11"}
    beat = {"event": "beat", "at": 1.0, "wall": 1.0, "step": "x", "values": {"power": [1.0, 2.0]}}
    text = json.dumps(head) + "\n" + (json.dumps(beat) + "\n") * beats
    (folder / name / JOURNAL).write_text(text, encoding="utf-8")


def names(index: RunIndex) -> list[str]:
    return sorted(run.name for run in index.runs())


@pytest.mark.parametrize("name", ["nothing", "..", ".hidden", "a/b", "x" * 200])
def test_names_that_are_no_run(tmp_path: Path, name: str) -> None:
    for index in (RunIndex(tmp_path), RunIndex(None), RunIndex(tmp_path / "none")):
        assert index.place(name) is None
        assert index.read(name) is None
        index.read_all()
        assert index.runs() == []


def test_a_run_that_went_is_no_longer_there(tmp_path: Path) -> None:
    write(tmp_path, "one")
    write(tmp_path, "two")
    (tmp_path / "not a run").mkdir()
    (tmp_path / "file").touch()
    index = RunIndex(tmp_path)
    index.read_all()
    assert names(index) == ["one", "two"]
    (tmp_path / "two" / JOURNAL).unlink()
    assert index.read("two") is None
    assert names(index) == ["one"]
    (tmp_path / "one" / JOURNAL).unlink()
    index.read_all()
    assert names(index) == []


def test_so_many_runs_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_index, "RUNS_MAX", 2)
    for number in range(4):
        write(tmp_path, f"run-{number}")
        os.utime(tmp_path / f"run-{number}" / JOURNAL, (number, number))
    index = RunIndex(tmp_path)
    index.read_all()
    assert names(index) == ["run-2", "run-3"]
    assert index.read("run-0") is not None  # by its name it is found all the same


def test_files_are_listed_once_a_run_is_over(tmp_path: Path) -> None:
    write(tmp_path, "one")
    index = RunIndex(tmp_path)
    going = index.read("one", files=True)
    assert going is not None
    assert going.files == ()
    with (tmp_path / "one" / JOURNAL).open("a", encoding="utf-8") as file:
        file.write('{"event": "run_ended", "at": 2.0, "wall": 2.0}\n')
    over = index.read("one", files=True)
    assert over is not None
    assert [each.path for each in over.files] == [JOURNAL]
    assert index.file("one", JOURNAL) == tmp_path / "one" / JOURNAL
    assert index.file("one", "../one/journal.jsonl") is None


async def test_the_event_loop_reads_no_file_of_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        write(tmp_path, f"run-{number}", BEATS)
    readers: set[int] = set()
    opened, listed = Path.open, Path.iterdir

    def watch_open(self: Path, *args: Any, **kwargs: Any) -> IO[Any]:
        if self.is_relative_to(tmp_path):
            readers.add(threading.get_ident())
        file: IO[Any] = opened(self, *args, **kwargs)
        return file

    def watch_list(self: Path) -> Any:
        if self.is_relative_to(tmp_path):
            readers.add(threading.get_ident())
        return listed(self)

    monkeypatch.setattr(Path, "open", watch_open)
    monkeypatch.setattr(Path, "iterdir", watch_list)
    index = RunIndex(tmp_path)
    served = Served(Rack(filled=False), list(DEVICES), runs=Runs(index))
    keeping = asyncio.create_task(index.keep())
    transport = httpx.ASGITransport(app=served.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://agent") as client:
        assert (await client.get("/commissioning")).status_code == 200  # while it is being read
        assert "run-7" in (await client.get("/commissioning/run-7")).text
        await index.refresh(patience_s=None)
        assert len(index.runs()) == 20
    keeping.cancel()
    assert readers
    assert threading.get_ident() not in readers
