"""Judging a run, and a model as it comes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import finetrust
from finetrust import UserError
from finetrust.core.predictions import Predictions
from finetrust.data.source import open_dataset


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> finetrust.Run:
    return finetrust.tune(
        "glyphnet",
        "digits",
        strategy="linear-probe",
        epochs=3,
        quiet=True,
        out=str(tmp_path_factory.mktemp("run") / "a"),
    )


@pytest.fixture(scope="module")
def profile(run: finetrust.Run) -> finetrust.TrustProfile:
    return run.evaluate(quiet=True, trials="corruptions", severities=(1, 5))


def test_a_run_is_judged_on_the_split_that_was_set_aside(
    run: finetrust.Run, profile: finetrust.TrustProfile
) -> None:
    assert profile.data["split"] == "test"
    assert profile["accuracy"].n == run.folder.record["data"]["n_test"]
    assert profile["accuracy"].value > 0.9
    assert profile["train_overlap[copy=exact]"].value == 0


def test_the_profile_on_disk_is_the_profile_returned(
    run: finetrust.Run, profile: finetrust.TrustProfile
) -> None:
    assert finetrust.load(run.path).profile == run.profile
    assert run.profile.to_dict() == finetrust.TrustProfile.load(run.folder.profile_file).to_dict()


def test_the_measures_are_those_of_the_stored_predictions(
    run: finetrust.Run, profile: finetrust.TrustProfile
) -> None:
    clean = Predictions.load(run.folder.predictions / "test" / "clean.parquet")
    assert np.mean(clean["logits"].argmax(1) == clean["target"]) == profile["accuracy"].value
    stored = {p.stem for p in (run.folder.predictions / "test").glob("*.parquet")}
    names = ("gaussian_noise", "defocus_blur", "brightness", "contrast")
    assert stored == {"clean", "items"}
    corrupted = {p.stem for p in (run.folder.predictions / "test/corruptions").glob("*.parquet")}
    assert corrupted == {f"{n}-{s}" for n in names for s in (1, 5)}


def test_the_temperature_comes_from_validation_data_and_predict_uses_it(
    run: finetrust.Run, profile: finetrust.TrustProfile, tmp_path: Path
) -> None:
    validation = Predictions.load(run.folder.predictions / "val" / "clean.parquet")
    calibration = run.model.calibration
    assert calibration["n"] == len(validation)
    assert profile["ece"].details["temperature"] == calibration["temperature"]

    data = open_dataset("digits:5")
    data.inputs[0].save(tmp_path / "zero.png")
    (found,) = run.predict(tmp_path / "zero.png", quiet=True)
    network = run.model.network
    pixels = network.preprocessing.transform()(data.inputs[0])[None]
    with torch.no_grad():
        logits = network(pixels)[0].double() / calibration["temperature"]
    assert found["class"] == run.model.classes[int(logits.argmax())]
    assert found["probability"] == pytest.approx(float(logits.softmax(0).max()), abs=1e-3)


def test_pictures_of_errors_and_of_right_cases_are_drawn(
    run: finetrust.Run, profile: finetrust.TrustProfile
) -> None:
    explained = [picture for picture in profile.pictures if "file" in picture]
    assert "random correct" in {picture["kind"] for picture in explained}
    for picture in explained:
        assert (run.path / picture["file"]).exists()
        assert (run.path / picture["overlay"]).exists()
        wrong = picture["target"] != picture["predicted"]
        assert wrong == (picture["kind"] == "confident error")
    panels = [panel for picture in profile.pictures for panel in picture.get("panels", ())]
    assert panels
    assert all((run.path / panel["file"]).exists() for panel in panels if "file" in panel)


def test_stability_is_measured_on_a_sample_where_the_data_are_many(
    run: finetrust.Run, tmp_path: Path
) -> None:
    profile = run.evaluate(
        quiet=True,
        trial_items=20,
        trials="corruptions",
        corruptions=("contrast",),
        severities=(1,),
        out=str(tmp_path / "elsewhere"),
    )
    assert profile["corruption_accuracy"].n == 20
    assert profile["accuracy"].n > 200
    assert finetrust.load(tmp_path / "elsewhere").report().exists()


def test_training_data_as_evaluation_data_raise_the_alarm(
    run: finetrust.Run, tmp_path: Path
) -> None:
    options = {"trials": "none", "quiet": True, "out": str(tmp_path / "x")}
    profile = run.evaluate(split="train", **options)
    assert profile["train_overlap"].value == 1
    assert any("too kind" in note for note in profile.notes)
    assert not profile["corruption_accuracy"].applies


def test_a_gate_on_a_class_that_there_is_not_is_told_before_anything_is_judged(
    run: finetrust.Run, tmp_path: Path
) -> None:
    gates = tmp_path / "gates.yaml"
    gates.write_text("recall[class=77]: '> 0.1'\n")
    given = {"gates": str(gates), "out": str(tmp_path / "judged"), "quiet": True}
    with pytest.raises(UserError, match=r"gates\.yaml, line 1: the model has no class '77'"):
        run.evaluate(**given)
    module = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 10))
    prepared = finetrust.Preprocessing(8, 8, "bilinear", (0.5,) * 3, (0.5,) * 3)
    with pytest.raises(UserError, match=r"the model has no class '77'"):
        finetrust.evaluate(data="digits:5", model=module, preprocessing=prepared, **given)
    assert not (tmp_path / "judged" / "predictions").exists()


def test_a_class_that_the_model_does_not_know_is_an_error(
    run: finetrust.Run, tmp_path: Path
) -> None:
    for name in ("3", "three"):
        (tmp_path / name).mkdir()
        open_dataset("digits:5").inputs[0].save(tmp_path / name / "0.png")
    with pytest.raises(UserError, match="class 'three' is not among the 10 classes"):
        run.evaluate(tmp_path, quiet=True)


def test_a_model_as_it_comes_is_judged_without_tuning(tmp_path: Path) -> None:
    torch.manual_seed(3)
    module = nn.Sequential(
        nn.Conv2d(3, 8, 3, 4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10)
    )
    profile = finetrust.evaluate(
        model=module,
        data=open_dataset("digits:5").split("test"),
        preprocessing=finetrust.Preprocessing(32, 32, "bilinear", (0.5,) * 3, (0.5,) * 3),
        out=str(tmp_path / "judged"),
        quiet=True,
        trials="corruptions",
        corruptions=("brightness",),
    )
    assert profile["accuracy"].value < 0.3
    assert not profile["train_overlap"].applies
    assert not profile["ece_before_calibration"].applies
    assert any("not known" in note for note in profile.notes)


def test_a_model_as_it_comes_is_calibrated_where_the_data_name_validation_items(
    tmp_path: Path,
) -> None:
    data = open_dataset("digits:5")
    rows = np.random.default_rng(0).permutation(len(data))[:600]
    splits = np.where(np.arange(600) < 200, "val", "test")
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 32), nn.ReLU(), nn.Linear(32, 10))
    profile = finetrust.evaluate(
        model=network,
        data=replace(data.take(rows), splits=splits),
        preprocessing=finetrust.Preprocessing(8, 8, "bilinear", (0.5,) * 3, (0.5,) * 3),
        out=str(tmp_path / "judged"),
        quiet=True,
        trials="none",
    )
    assert profile.data["n"] == 400
    assert profile["ece_before_calibration"].applies
    judged = finetrust.load(tmp_path / "judged", module=network)
    assert judged.model.calibration["temperature"] == profile["ece"].details["temperature"]
    validation = Predictions.load(judged.folder.predictions / "val" / "clean.parquet")
    assert set(validation.ids) == {data.ids[row] for row in rows[:200]}


def test_an_unknown_corruption_is_named_before_any_work(run: finetrust.Run) -> None:
    with pytest.raises(UserError, match=r"unknown corruption 'contrats'.*Did you mean 'contrast'"):
        run.evaluate(corruptions=("contrats",), quiet=True)


def test_data_with_some_of_the_classes_are_judged_by_their_names(
    run: finetrust.Run, tmp_path: Path
) -> None:
    digits = open_dataset("digits:5")
    for name in ("7", "3"):
        (tmp_path / "data" / name).mkdir(parents=True)
        for row in np.flatnonzero(digits.targets == digits.classes.index(name))[:20]:
            digits.inputs[row].save(tmp_path / "data" / name / f"{row}.png")
    profile = run.evaluate(
        tmp_path / "data", quiet=True, trials="none", out=str(tmp_path / "judged")
    )
    assert profile["accuracy"].value > 0.9
    assert {m.subset for m in profile.subsets("recall")} == {"class=3", "class=7"}
