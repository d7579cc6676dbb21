"""Selecting over Ray finds what this process finds, and whoever dies takes nobody with it."""

import json
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import finetrust
from finetrust.selection.selection import Selection
from selection.small_nets import NETS
from tuning.runs import digits

ray = pytest.importorskip("ray", reason="needs the extra ray, which is not installed")


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """Ray on this machine, with two CPUs, and a folder and a key of its own."""
    with tempfile.TemporaryDirectory(prefix="ray") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_TMPDIR", folder)
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
        patch.setenv("RAY_worker_niceness", "0")
        ray.init(
            address="local",
            num_cpus=2,
            include_dashboard=False,
            log_to_driver=False,
            object_store_memory=1 << 27,
        )
        yield
        ray.shutdown()


def chosen(out: Path, models: list[str], **options: object) -> Selection:
    given = {"precision": "fp32", "workers": 0, "device": "cpu", **options}
    return finetrust.select(digits(40, 10), models, out=str(out), quiet=True, **given)


def without_times(folder: Path) -> dict[str, dict]:
    read = {file.name: json.loads(file.read_text()) for file in (folder / "candidates").iterdir()}
    for found in read.values():
        del found["result"]["seconds"]
    return read


def test_it_finds_the_same_and_one_that_dies_takes_nobody_with_it(
    tmp_path: Path, cluster: None
) -> None:
    (tmp_path / "nets.py").write_text(NETS)
    sound = [f"{tmp_path}/nets.py:plain", "glyphnet"]
    here = chosen(tmp_path / "here", sound)
    there = chosen(tmp_path / "there", [f"{tmp_path}/nets.py:deadly", *sound], ray="local")
    assert there["deadly"].status == "failed"
    assert "its process ended" in there["deadly"].why
    assert [entry.name for entry in there.entries[:2]] == [entry.name for entry in here.entries]
    assert without_times(tmp_path / "there") == without_times(tmp_path / "here")
    again = chosen(tmp_path / "there", sound, ray="local")
    assert again.context["rounds"][0]["reused"] == 2
    assert ray.is_initialized()  # what was there before stays


def test_an_address_where_nothing_runs_is_one_line_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray.shutdown()
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    with pytest.raises(finetrust.UserError, match="Ray cannot be reached"):
        chosen(tmp_path / "out", ["glyphnet"], ray="auto")
    assert not (tmp_path / "out").exists()
