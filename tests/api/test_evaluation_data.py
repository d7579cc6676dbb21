"""The data of a run are found again for an evaluation."""

import shutil
from pathlib import Path

import pytest

import finetrust
from finetrust.api.evaluation_data import part_of_run
from finetrust.tasks.task import tasks


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> finetrust.Run:
    out = str(tmp_path_factory.mktemp("run") / "a")
    return finetrust.tune(
        "glyphnet", "digits:8", strategy="linear-probe", epochs=1, quiet=True, out=out
    )


def test_a_run_with_an_option_of_another_version_still_knows_its_data(
    run: finetrust.Run, tmp_path: Path
) -> None:
    older = tmp_path / "older"
    shutil.copytree(run.path, older)
    with (older / "config.yaml").open("a", encoding="utf-8") as file:
        file.write("an_option_that_is_gone: 1\n")
    task = tasks.get("classification")
    for split in ("train", "val"):
        known = part_of_run(run, task, split)
        found = part_of_run(finetrust.load(older), task, split)
        assert known is not None
        assert found is not None
        assert found.digests == known.digests
