"""Files and folders are whole or absent, whatever stops the writer."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from finetrust.core.atomic import replacing, replacing_folder, write_json, write_text


def run(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run `code` in a process of its own, which it may limit or kill."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


DISK_IS_FULL = """
import resource, signal, sys
from pathlib import Path
from finetrust.core.atomic import write_text
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_text(Path(sys.argv[1]), "new" * 1000)
except OSError as error:
    print(error.errno)
"""

KILLED_WHILE_WRITING = """
import os, signal, sys
from pathlib import Path
from finetrust.core.atomic import replacing
with replacing(Path(sys.argv[1])) as temporary:
    temporary.write_text("half of the new te")
    os.kill(os.getpid(), signal.SIGKILL)
"""

KILLED_WHILE_DELETING = """
import os, shutil, signal, sys
from pathlib import Path
from finetrust.core.atomic import replacing_folder

def die_after_one_file(folder, **options):
    for file in Path(folder).glob("*"):
        file.unlink()
        os.kill(os.getpid(), signal.SIGKILL)

shutil.rmtree = die_after_one_file
with replacing_folder(Path(sys.argv[1])) as temporary:
    (temporary / "a").write_text("new")
    (temporary / "b").write_text("new")
"""


def test_a_written_file_holds_the_text_and_can_be_read_by_others(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "down" / "file.txt"
    write_text(path, "naïve 日本\n")
    assert path.read_bytes() == "naïve 日本\n".encode()
    assert path.stat().st_mode & 0o777 == 0o644
    assert names_in(path.parent) == ["file.txt"]


def test_a_writer_that_raises_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write_text(path, "old")
    with pytest.raises(RuntimeError), replacing(path) as temporary:  # noqa: PT012
        temporary.write_text("half of the ne")
        raise RuntimeError
    assert path.read_text() == "old"
    assert names_in(tmp_path) == ["file.txt"]


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write_text(path, "old")
    done = run(DISK_IS_FULL, path)
    assert done.stdout.strip() == "27", done.stderr
    assert path.read_text() == "old"
    assert names_in(tmp_path) == ["file.txt"]


def test_a_killed_writer_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write_text(path, "old")
    assert run(KILLED_WHILE_WRITING, path).returncode == -signal.SIGKILL
    assert path.read_text() == "old"


def test_a_value_that_is_not_json_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    write_json(path, {"old": 1})
    for wrong in ({"new": float("nan")}, {"new": float("inf")}, {"new": {1, 2}}):
        with pytest.raises((ValueError, TypeError)):
            write_json(path, wrong)
    assert path.read_text() == '{\n "old": 1\n}\n'
    assert names_in(tmp_path) == ["file.json"]


def test_a_replaced_folder_holds_the_new_files_only(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    for number in ("1", "2"):
        with replacing_folder(folder) as temporary:
            (temporary / "sub").mkdir()
            (temporary / "sub" / number).write_text(number)
    assert [p.name for p in folder.rglob("*")] == ["sub", "2"]
    assert folder.stat().st_mode & 0o777 == 0o755
    assert names_in(tmp_path) == ["folder"]


def test_a_folder_whose_writer_raises_stays_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    with replacing_folder(folder) as temporary:
        (temporary / "old").write_text("old")
    with pytest.raises(RuntimeError), replacing_folder(folder) as temporary:  # noqa: PT012
        (temporary / "new").write_text("new")
        raise RuntimeError
    assert names_in(folder) == ["old"]
    assert names_in(tmp_path) == ["folder"]


def test_a_folder_whose_writer_raises_does_not_come_to_be(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), replacing_folder(tmp_path / "folder"):
        raise RuntimeError
    assert names_in(tmp_path) == []


def test_a_process_killed_while_it_deletes_the_old_folder_leaves_the_new_one_whole(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "folder"
    with replacing_folder(folder) as temporary:
        (temporary / "a").write_text("old")
        (temporary / "b").write_text("old")
    assert run(KILLED_WHILE_DELETING, folder).returncode == -signal.SIGKILL
    assert {p.name: p.read_text() for p in folder.iterdir()} == {"a": "new", "b": "new"}
