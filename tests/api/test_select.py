"""Selecting a model through the Python call and the command line, on a few handwritten digits."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import finetrust
from finetrust.api.auto_model import with_chosen_model
from finetrust.config import TuneOptions, make_options
from finetrust.core.cache import cache_root
from finetrust.core.progress import quietly
from finetrust.data.dataset import Dataset
from finetrust.selection.selection import Selection
from selection.small_nets import NETS
from tuning.runs import digits


@pytest.fixture
def nets(tmp_path: Path) -> Path:
    file = tmp_path / "nets.py"
    file.write_text(NETS)
    return file


def chosen(out: Path, models: list, data: Dataset | None = None, **options: object) -> Selection:
    given = {"precision": "fp32", "workers": 0, **options}
    return finetrust.select(data or digits(60, 20), models, out=str(out), quiet=True, **given)


@pytest.fixture(scope="module")
def selection(tmp_path_factory: pytest.TempPathFactory) -> Selection:
    folder = tmp_path_factory.mktemp("selection")
    (folder / "nets.py").write_text(NETS)
    models = ["glyphnet@random", "glyphnet", f"{folder}/nets.py:broken", f"{folder}/nets.py:plain"]
    return chosen(folder / "out", models)


def test_the_network_that_knows_letters_is_best_for_digits(selection: Selection) -> None:
    assert selection.best.name == "glyphnet"
    assert (selection.best.rank, selection.best.model) == (1, "glyphnet")
    assert selection.best.weights == "pretrained"
    assert [e.rank for e in selection.entries] == [1, 2, 3, None]


def test_a_model_that_cannot_be_loaded_is_skipped_with_the_reason(selection: Selection) -> None:
    broken = selection["broken"]
    assert broken.status == "failed"
    assert "no such luck" in broken.why


def test_every_figure_has_an_interval_and_n_or_a_reason(selection: Selection) -> None:
    for entry in selection.entries[:3]:
        for name in ("accuracy", "calibration_error", "near_ood", "moved"):
            figure = entry.result[name]
            assert figure["low"] <= figure["value"] <= figure["high"], (entry.name, name)
            assert figure["n"] > 0
        for score in entry.result["scores"].values():
            assert np.isfinite(score["value"]) if "value" in score else score["reason"]
        assert entry.why
        assert entry.cost["parameters"] > 0
        assert entry.cost["latency_ms_low"] <= entry.cost["latency_ms"]
        assert entry.result["depth"]["points"]
        assert len(entry.result["data_size"]["measured"]) == 3


def test_scores_of_the_source_head_are_there_where_the_model_came_with_one(
    selection: Selection,
) -> None:
    assert "value" in selection["plain"].result["scores"]["leep"]
    assert "no head" in selection["glyphnet"].result["scores"]["leep"]["reason"]


def test_it_is_saved_and_read_again(selection: Selection) -> None:
    read = Selection.load(selection.path)
    assert json.dumps(selection.to_dict()) == json.dumps(read.to_dict())
    assert [row["name"] for row in read.table] == [entry.name for entry in selection.entries]
    page = (selection.path / "selection.html").read_text()
    assert "glyphnet" in page
    assert "no such luck" in page
    assert "<script" not in page


def test_what_was_found_is_not_sought_again_and_what_is_lost_is(tmp_path: Path, nets: Path) -> None:
    models = [f"{nets}:plain", "glyphnet@random"]
    first = chosen(tmp_path / "out", models)
    files = sorted((tmp_path / "out" / "candidates").iterdir())
    assert len(files) == 2
    times = {file: file.stat().st_mtime_ns for file in files}
    files[0].write_text('{"result": {"n"')  # as a killed process might leave it, were it not atomic
    second = chosen(tmp_path / "out", models)
    assert [r["reused"] for r in second.context["rounds"]] == [1]
    assert files[1].stat().st_mtime_ns == times[files[1]]
    for one, other in zip(first.entries, second.entries, strict=True):
        assert one.result["accuracy"] == other.result["accuracy"]
        assert one.result["scores"] == other.result["scores"]


def test_other_labels_are_another_question(tmp_path: Path, nets: Path) -> None:
    data = digits(60, 20)
    chosen(tmp_path / "out", [f"{nets}:plain"], data)
    other = replace(data, targets=np.roll(data.targets, 1))
    again = chosen(tmp_path / "out", [f"{nets}:plain"], other)
    assert again.context["rounds"][0]["reused"] == 0


def test_tune_reads_the_features_that_were_computed(tmp_path: Path) -> None:
    data = digits(55, 20)
    chosen(tmp_path / "out", ["glyphnet"], data)
    root = cache_root() / "features"
    known = {p: p.read_text().split("\n") for p in root.rglob("digests.txt")}
    run = finetrust.tune(
        "glyphnet", data, strategy="linear-probe", epochs=1, precision="fp32",
        out=str(tmp_path / "run"), quiet=True,
    )  # fmt: skip
    assert run.folder.record["phases"][0]["cached"]
    of_train = {d for digests in known.values() for d in digests}
    fresh = [p.read_text().split("\n") for p in root.rglob("digests.txt") if p not in known]
    assert not any(of_train & set(digests) for digests in fresh)


def test_filters_leave_out_what_is_too_large_too_slow_or_not_allowed(
    tmp_path: Path, nets: Path
) -> None:
    models = ["glyphnet", f"{nets}:plain"]
    small = chosen(tmp_path / "a", models, max_size=0.1)
    assert small["glyphnet"].status == "left out"
    assert "more than 0.1" in small["glyphnet"].why
    free = chosen(tmp_path / "b", models, licences="apache-2.0,mit")
    assert (free["plain"].status, free["plain"].why) == (
        "left out",
        "its licence is not known",
    )
    sharp = chosen(tmp_path / "c", models, max_input_size=20)
    assert "it reads 32x32" in sharp["glyphnet"].why
    with pytest.raises(finetrust.UserError, match="none of the 2 models could be examined"):
        chosen(tmp_path / "d", models, max_latency=1e-9)


def test_a_budget_that_ends_at_once_still_says_what_was_found(tmp_path: Path, nets: Path) -> None:
    models = [f"{nets}:plain", "glyphnet", "glyphnet@random"]
    with pytest.raises(finetrust.UserError, match="a larger budget"):
        chosen(tmp_path / "out", models, budget="0.001s")
    chosen(tmp_path / "out", models[:1])
    known = chosen(tmp_path / "out", models, budget="1m")
    assert known["plain"].examined


def test_processes_find_the_same_and_one_that_dies_takes_nobody_with_it(
    tmp_path: Path, nets: Path
) -> None:
    data = digits(40, 10)
    one = chosen(tmp_path / "a", [f"{nets}:plain"], data)
    two = chosen(tmp_path / "b", [f"{nets}:deadly", f"{nets}:plain"], data, jobs=2)
    assert two["deadly"].status == "failed"
    assert "ended with code 7" in two["deadly"].why, "Ctrl-C is for the process that started it"
    assert two["plain"].result["accuracy"] == one["plain"].result["accuracy"]
    assert two["plain"].result["scores"] == one["plain"].result["scores"]


def relabelled(labels: list[int], classes: int) -> Dataset:
    data = digits(50, 5)
    train = np.flatnonzero(data.splits == "train")[: len(labels)]
    data = data.take(np.concatenate([train, np.flatnonzero(data.splits == "val")]))
    targets = np.array([*labels, *[0] * (len(data) - len(labels))], np.int64)
    return replace(data, targets=targets, classes=tuple(f"c{i}" for i in range(classes)))


def test_a_class_with_one_example_is_told(tmp_path: Path, nets: Path) -> None:
    data = relabelled([0] * 15 + [1] * 14 + [2], 3)
    found = chosen(tmp_path / "out", [f"{nets}:plain"], data)
    assert "1 of 3 classes have one training item (c2)" in found.context["notes"][0]
    accuracy = found.best.result["accuracy"]
    assert (accuracy["n"], accuracy["details"]["left_out"]) == (29, 1)


def test_fewer_items_than_classes_is_one_line(tmp_path: Path, nets: Path) -> None:
    with pytest.raises(finetrust.UserError, match="5 training images of 5 classes: none has two"):
        chosen(tmp_path / "out", [f"{nets}:plain"], relabelled([0, 1, 2, 3, 4], 9))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"budget": "soon"}, "--budget 'soon' is no time"),
        ({"models": ["timm:top3@big"]}, "no pattern of models"),
        ({"models": ["timm:top0@25MB"]}, "asks for 0 models"),
        ({"models": ""}, "no models to choose from"),
        ({"models": ["glyphnte"]}, r"unknown model 'glyphnte' \(Did you mean 'glyphnet'\?\)"),
        ({"items": 1}, "--items 1 is too few.*Give a larger --items"),
        ({"jobs": 0}, "option 'jobs'"),
        ({"modles": "x"}, "unknown option 'modles'"),
    ],
)
def test_wrong_options_are_one_line_before_any_work(
    tmp_path: Path, options: dict, message: str
) -> None:
    out = tmp_path / "out"
    with pytest.raises(finetrust.UserError, match=message):
        finetrust.select("digits:5", **{"models": ["glyphnet"], "out": str(out), **options})
    assert not out.exists()


def test_without_ray_the_extra_that_brings_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    out = tmp_path / "out"
    with pytest.raises(finetrust.UserError, match=r"pip install 'finetrust\[ray\]'"):
        finetrust.select("digits:5", ["glyphnet"], out=str(out), ray="local", quiet=True)
    assert not out.exists()


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(finetrust.UserError, match="holds other files and no selection"):
        finetrust.select("digits:5", ["glyphnet"], out=str(tmp_path), quiet=True)


def test_the_command_prints_the_ranking(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    from typer.testing import CliRunner

    from finetrust.cli import app

    out = tmp_path / "out"
    given = ["--models", "glyphnet,nonsense", "--data", "digits:5", "--out", str(out)]
    result = CliRunner().invoke(app, ["select", *given, "--workers", "0"])
    assert result.exit_code == 0, result.output
    assert "glyphnet" in result.output
    assert "unknown model 'nonsense'" in result.output
    assert (out / "selection.json").exists()
    assert f"finetrust tune --model auto:{out} --data digits:5" in result.output
    assert list((out / "candidates").iterdir())


def settled(model: str, data: Dataset, **options: object) -> TuneOptions:
    given = {"model": model, "data": data.name, "precision": "fp32", "workers": 0, **options}
    with quietly():
        return with_chosen_model(make_options(TuneOptions, given), data)


def test_auto_takes_the_best_of_a_saved_selection_of_the_same_data(
    tmp_path: Path, nets: Path
) -> None:
    data = digits(60, 20)
    file = f"{nets}:plain"
    found = chosen(tmp_path / "out", [{"model": file, "input_size": 24}], data)
    taken = settled(f"auto:{found.path}", data, epochs=3)
    assert (taken.model, taken.input_size, taken.epochs) == (file, 24, 3)
    with pytest.raises(finetrust.UserError, match="made for other training items"):
        settled(f"auto:{found.path}", digits(30, 20))
    with pytest.raises(finetrust.UserError, match="chooses the weights too"):
        settled("auto", data, weights="random")


def test_surgical_trains_as_many_blocks_as_stand_above_the_layer_that_suffices(
    tmp_path: Path,
) -> None:
    data = digits(60, 20)
    found = chosen(tmp_path / "out", ["glyphnet"], data)
    auto = f"auto:{found.path}"
    saved = json.loads((found.path / "selection.json").read_text())
    for train_top, blocks in ((0, 1), (2, 2), (4, 3)):
        saved["entries"][0]["result"]["depth"].update(train_top=train_top, layers=4)
        (found.path / "selection.json").write_text(json.dumps(saved))
        taken = settled(auto, data, strategy="lp-ft + surgical + ema")
        assert taken.strategy == f"lp-ft + surgical(blocks={blocks}) + ema"
    own = "lp-ft + surgical(blocks=1)"
    assert settled(auto, data, strategy=own).strategy == own
    assert settled(auto, data, strategy="full").strategy == "full"
    saved["entries"][0]["result"]["depth"] = {"reason": "none"}
    (found.path / "selection.json").write_text(json.dumps(saved))
    assert settled(auto, data, strategy="lp-ft + surgical").strategy == "lp-ft + surgical"


def test_auto_selects_afresh_among_named_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    taken = settled("auto:glyphnet@random,glyphnet", digits(60, 20))
    assert (taken.model, taken.weights) == ("glyphnet", "pretrained")
    again = settled("auto", digits(60, 20))
    assert again.model == "glyphnet"


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("s/nope", "s/nope is neither a folder of finetrust select nor a model.*--model s/nope"),
        ("glyphnte", "glyphnte is neither .* Did you mean 'glyphnet'"),
    ],
)
def test_auto_with_what_is_not_there_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(finetrust.UserError, match=said):
        settled(f"auto:{named}", digits(30, 20))


def test_a_named_model_stays_as_it_is() -> None:
    options = make_options(TuneOptions, {"model": "automobile", "data": "digits"})
    assert with_chosen_model(options, None) is options


def test_the_hopeless_is_dropped_after_a_part_of_the_items(tmp_path: Path, nets: Path) -> None:
    models = [f"{nets}:plain", "glyphnet", "glyphnet@random"]
    found = finetrust.select(
        "digits", models, out=str(tmp_path / "out"), precision="fp32", workers=0, quiet=True
    )
    first, last = found.context["rounds"]
    assert (first["models"], first["dropped"], last["models"]) == (3, 1, 2)
    assert last["items"] > 2 * first["items"] > 900
    assert found["glyphnet"].n_items == last["items"]
    assert found["plain"].status == "dropped"
    assert found["plain"].why.startswith(f"dropped after {found['plain'].n_items} items")
