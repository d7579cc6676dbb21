"""The data of a run are found again for an evaluation."""

import shutil
from pathlib import Path

import pytest

import finetrust
from data.pictures import folder_of
from finetrust.api.evaluation_data import evaluation_data, part_of_run
from finetrust.config import EvaluateOptions
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


def test_columns_asked_for_now_are_those_of_the_data_that_the_run_was_tuned_on(
    run: finetrust.Run, tmp_path: Path
) -> None:
    folder_of(tmp_path, {"p": 24})
    rows = [f"p/{i:03d}.jpg,{'ab'[i % 2]},{('n', 's')[i // 12]}" for i in range(24)]
    (tmp_path / "t.csv").write_text("\n".join(["path,label,site", *rows]))
    of_table = finetrust.tune(
        "glyphnet",
        str(tmp_path / "t.csv"),
        strategy="linear-probe",
        precision="fp32",
        epochs=1,
        quiet=True,
        out=str(tmp_path / "run"),
    )
    options = EvaluateOptions(group_columns=("site",))
    judged, _ = evaluation_data(options, of_table, None)
    assert set(judged.groups["site"]) == {"n", "s"}
    with pytest.raises(finetrust.UserError, match=r"--group-columns .* means nothing for digits"):
        evaluation_data(options, run, None)
