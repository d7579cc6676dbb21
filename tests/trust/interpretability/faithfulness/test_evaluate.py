"""`finetrust.evaluate` chooses a method on validation data, says so, and judges it on the test items."""

import json
from pathlib import Path

import numpy as np
import pytest

import finetrust
from finetrust import UserError
from finetrust.core.evidence_folder import load_evidence
from finetrust.core.predictions import Predictions

OPTIONS = {"trials": "explanations", "pictures": 0, "quiet": True, "trial_items": 16}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> finetrust.Run:
    return finetrust.tune(
        "glyphnet", "digits:30", strategy="linear-probe", epochs=8, quiet=True,
        out=str(tmp_path_factory.mktemp("run") / "a"),
    )  # fmt: skip


def test_a_tuned_model_is_explained_and_the_explanation_judged(run: finetrust.Run) -> None:
    profile = run.evaluate(**OPTIONS)
    gain = profile["faithfulness_gain"]
    details = gain.details
    assert 10 <= gain.n <= 16
    assert gain.value > 0
    assert " explains this model: of 5 methods tried on 16 validation items" in details["sentence"]
    assert {c["method"] for c in details["candidates"]} == {
        "grad_cam", "grad_cam_plus_plus", "layer_cam", "saliency", "input_x_gradient",
    }  # fmt: skip
    assert details["method"] == details["candidates"][0]["method"]
    insertion = profile["insertion_auc"]
    assert 0 <= insertion.value <= 1
    assert insertion.details["above"]["random"]["n"] == insertion.n

    folder = run.folder.predictions / "test"
    heat = Predictions.load(folder / "explanations" / "heat.parquet")
    known = np.isfinite(heat["heat"]).all(axis=1)
    assert heat["heat"].shape == (len(heat), 256)
    np.testing.assert_allclose(heat["heat"][known].sum(axis=1), 1, atol=1e-4)
    evidence = load_evidence(folder)
    assert set(evidence.trials["explanations"]) == {"choice", "faithfulness", "heat"}
    assert not set(evidence.trials["explanations"]["choice"].ids) & set(evidence.clean.ids)


def test_a_finished_step_is_not_run_again_and_other_methods_are(run: finetrust.Run) -> None:
    folder = run.folder.predictions / "test"

    def keys() -> dict[str, str]:
        steps = json.loads((folder / "steps.json").read_text())
        return {name: step["key"] for name, step in steps.items()}

    run.evaluate(**OPTIONS)
    before, file = keys(), folder / "explanations" / "faithfulness.parquet"
    written = file.stat().st_mtime_ns
    run.evaluate(**OPTIONS)
    assert (keys(), file.stat().st_mtime_ns) == (before, written)
    profile = run.evaluate(attributions="saliency", **OPTIONS)
    assert not set(keys().values()) & set(before.values())
    assert (
        "it is the only method that was tried" in profile["faithfulness_gain"].details["sentence"]
    )


def test_wrong_names_are_refused_in_one_line(run: finetrust.Run, tmp_path: Path) -> None:
    out = {"out": str(tmp_path / "b"), **OPTIONS}
    with pytest.raises(UserError, match=r"unknown attribution 'gradcam'\. Did you mean 'grad_cam'"):
        run.evaluate(attributions="gradcam", **out)
    with pytest.raises(UserError, match="target layer 'layer9': the network has none of that name"):
        run.evaluate(target_layer="layer9", **out)
