"""Ensembles and MC dropout of every task whose outputs have an average, and a refusal of the other."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import expit, softmax

import finetrust
from data.mask_folders import coloured_folder
from data.tagged_files import review_folder
from finetrust import UserError
from finetrust.api.ensemble import ensemble
from finetrust.core.predictions import Predictions
from models.tiny_encoders import bert_folder
from tasks.shapes import shapes
from tasks.test_detection import tuned as detector
from tasks.test_multi_label_text import table as labelled_films
from tasks.test_regression import table_of_greys
from tasks.test_segmentation import PREPROCESSING, Strided
from tasks.tiny_texts import table_of_films

Pair = Callable[[Path], list[finetrust.Run]]
QUICK = {"strategy": "linear-probe", "epochs": 2, "precision": "fp32", "quiet": True}


def pair_of(folder: Path, model: Any, data: Path, **options: Any) -> list[finetrust.Run]:
    return [
        finetrust.tune(
            model, data, out=str(folder / f"seed-{seed}"), seed=seed, **{**QUICK, **options}
        )
        for seed in (0, 1)
    ]


def encoder(folder: Path) -> str:
    return f"transformers:{bert_folder(folder / 'bert', initializer_range=0.1)}"


def texts(folder: Path) -> list[finetrust.Run]:
    return pair_of(folder, encoder(folder), table_of_films(folder / "films.csv"))


def tags(folder: Path) -> list[finetrust.Run]:
    return pair_of(folder, encoder(folder), review_folder(folder / "data", n=40))


def labels(folder: Path) -> list[finetrust.Run]:
    return pair_of(folder, encoder(folder), labelled_films(folder))


def masks(folder: Path) -> list[finetrust.Run]:
    torch.manual_seed(0)
    options = {"preprocessing": PREPROCESSING, "batch_size": 4, "head": "fcn"}
    return pair_of(folder, Strided(), coloured_folder(folder / "data"), **options)


def numbers(folder: Path) -> list[finetrust.Run]:
    return pair_of(folder, "glyphnet", table_of_greys(folder, 40), task="regression")


AVERAGED: Mapping[Pair, tuple[str, Callable[[np.ndarray], np.ndarray]]] = {
    texts: ("logits", lambda logits: softmax(logits, -1)),
    tags: ("tag_logits", lambda logits: softmax(logits, -1)),
    labels: ("label_logits", expit),
    numbers: ("predicted_number", lambda numbers: numbers),
}


def validation(run: finetrust.Run, column: str) -> np.ndarray:
    table = Predictions.load(run.folder.predictions / "val" / "clean.parquet")
    rows = table[column][np.argsort(table.ids)]
    return (
        np.concatenate([np.asarray(row, np.float64) for row in rows])
        if (rows.dtype == object)
        else rows.astype(np.float64)
    )


@pytest.mark.parametrize("kind", AVERAGED, ids=lambda kind: kind.__name__)
def test_an_ensemble_answers_with_the_average_and_mc_dropout_with_another_one(
    kind: Pair, tmp_path: Path
) -> None:
    runs, (column, scale) = kind(tmp_path), AVERAGED[kind]
    made = finetrust.load(ensemble(*runs, out=tmp_path / "made", quiet=True).path)
    own = [scale(validation(run, column)) for run in runs]
    assert np.abs(own[0] - own[1]).max() > 1e-4
    np.testing.assert_allclose(scale(validation(made, column)), np.mean(own, axis=0), atol=1e-4)
    assert made.evaluate(trials="none", pictures=0, quiet=True).measures
    nothing = ensemble(runs[0], mc_dropout=1, rate=0, out=tmp_path / "nothing", quiet=True)
    np.testing.assert_allclose(scale(validation(nothing, column)), own[0], atol=1e-6)
    passes = ensemble(runs[0], mc_dropout=3, out=tmp_path / "passes", quiet=True)
    found = scale(validation(finetrust.load(passes.path), column))
    assert np.abs(found - own[0]).max() > 1e-5
    assert passes.evaluate(trials="none", pictures=0, quiet=True).measures


def test_an_encoder_drops_units_in_its_own_layers(tmp_path: Path) -> None:
    (run, _) = texts(tmp_path)
    made = ensemble(run, mc_dropout=2, out=tmp_path / "made", quiet=True)
    said = made.folder.record["dropout"]["where"]
    assert said.endswith("dropout layers of the network at a rate of 0.1")
    names = made.model.network.recipe["dropout"]["layers"]
    assert any("attention.output.dropout" in name for name in names)
    assert not any("attention.self" in name for name in names)


def test_masks_are_averaged_pixel_by_pixel(tmp_path: Path) -> None:
    runs = masks(tmp_path)
    made = ensemble(*runs, out=tmp_path / "made", quiet=True)
    pixels = runs[0].model.network.preprocessing.example(2)
    with torch.no_grad():
        own = [run.model.network(pixels).softmax(1) for run in runs]
        loaded = finetrust.load(made.path, module=Strided()).model.network
        torch.testing.assert_close(loaded(pixels).softmax(1), (own[0] + own[1]) / 2)
    assert made.folder.record["validation"]["miou"] > 0
    passes = ensemble(runs[0], mc_dropout=2, rate=0.5, out=tmp_path / "passes", quiet=True)
    assert passes.folder.record["validation"]["miou"] > 0


def test_boxes_have_no_average(tmp_path: Path) -> None:
    data = shapes(tmp_path / "shapes", 16)
    run = detector(tmp_path / "run", data, strategy="linear-probe", epochs=1)
    with pytest.raises(UserError, match="means nothing for detection") as raised:
        ensemble(run, mc_dropout=2, out=tmp_path / "made", quiet=True)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "made").exists()
