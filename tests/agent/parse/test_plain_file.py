"""Files that others made are read up to a limit, and only if they are files."""

import os
from pathlib import Path

import pytest

from agent.parse.plain_file import open_plain, read_plain


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_plain(path, 5) == b"12345"
    with pytest.raises(OSError, match="is larger than 4 bytes"):
        read_plain(path, 4)


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(OSError, match="is a pipe or device"):
            open_plain(path)
    with pytest.raises(IsADirectoryError):
        open_plain(tmp_path)


def test_links_are_followed_where_that_is_meant(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to("file")
    assert read_plain(tmp_path / "link", 1) == b"x"
    with pytest.raises(OSError, match="symbolic links"):
        open_plain(tmp_path / "link", follow=False)


def test_a_folder_is_refused_and_leaves_no_descriptor_open(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(IsADirectoryError, match="it is a directory"):
        open_plain(tmp_path)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
