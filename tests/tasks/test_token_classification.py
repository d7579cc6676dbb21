"""Token classification from files to a trust profile, with a small encoder."""

import json
from pathlib import Path

import numpy as np
import pytest

import finetrust
from data.tagged_files import review_folder
from finetrust.core.predictions import Predictions
from models.tiny_encoders import bert_folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reviews")


@pytest.fixture(scope="module")
def run(folder: Path) -> finetrust.Run:
    data, model = (
        review_folder(folder / "data", n=100),
        bert_folder(folder / "bert", initializer_range=0.1),
    )
    return finetrust.tune(
        f"transformers:{model}",
        data,
        out=str(folder / "run"),
        strategy="lp-ft",
        epochs=4,
        batch_size=16,
        learning_rate=1e-2,
        backbone_learning_rate=1e-2,
        quiet=True,
    )


@pytest.fixture(scope="module")
def profile(run: finetrust.Run) -> finetrust.TrustProfile:
    return run.evaluate(quiet=True, trials="corruptions", pictures=2)


def test_the_task_is_found_and_the_tags_are_learned(run: finetrust.Run) -> None:
    record = run.folder.record
    assert record["task"] == "token-classification"
    assert record["classes"] == ["O", "B-praise", "B-work", "I-praise", "I-work"]
    assert record["validation"]["entity_f1"] > 0.9
    assert record["calibration"]["temperature"] > 0
    assert [phase["cached"] for phase in record["phases"]] == [True, False]


def test_entities_are_judged_and_compared_with_a_plain_model(
    profile: finetrust.TrustProfile,
) -> None:
    assert profile.data["headlines"] == {
        "accuracy": "entity_f1",
        "stability": "corruption_entity_f1",
    }
    assert profile["entity_f1"].value > 0.8
    assert {m.key for m in profile.subsets("entity_f1")} == {
        "entity_f1[type=praise]",
        "entity_f1[type=work]",
    }
    assert profile["token_ece"].applies
    assert profile["baseline_entity_f1"].value > 0.5
    gain = profile["entity_f1"].value - profile["baseline_entity_f1"].value
    assert profile["gain_over_baseline_entity_f1"].value == pytest.approx(gain)


def test_typos_cost_more_than_casing_which_this_encoder_does_not_see(
    profile: finetrust.TrustProfile,
) -> None:
    casing = profile["corruption_entity_f1[corruption=casing]"]
    assert casing.value == pytest.approx(profile["entity_f1"].value)
    assert set(profile["corruption_entity_f1"].details) == {
        "casing", "punctuation", "typos", "whitespace",
    }  # fmt: skip
    assert profile["relative_corruption_entity_f1"].value <= 1


def test_predictions_under_corruption_are_of_the_same_words(
    run: finetrust.Run, profile: finetrust.TrustProfile
) -> None:
    folder = run.folder.predictions / "test"
    clean = Predictions.load(folder / "clean.parquet")
    torn = Predictions.load(folder / "corruptions" / "whitespace-3.parquet")
    assert torn.ids.tolist() == clean.ids.tolist()
    for one, other in zip(clean["true_tags"], torn["true_tags"], strict=True):
        np.testing.assert_array_equal(one, other)


def test_single_entities_are_shown_with_what_spoke_for_them(
    profile: finetrust.TrustProfile,
) -> None:
    right = [picture for picture in profile.pictures if picture["kind"] == "random correct"]
    assert len(right) == 2
    for picture in right:
        assert picture["target"] == picture["predicted"]
        assert picture["caption"].startswith("'")
        weights = [weight for _, weight in picture["tokens"]]
        assert max(map(abs, weights)) == pytest.approx(1.0)
        assert picture["completeness_error"] < 0.05


def test_a_sentence_is_cut_into_words_and_its_entities_are_told(run: finetrust.Run) -> None:
    [answer] = finetrust.predict(run, "this film is very good.", quiet=True)
    told = {(entity["type"], entity["text"]) for entity in answer["entities"]}
    assert ("work", "film") in told
    entity = answer["entities"][0]
    assert "this film is very good."[entity["start"] : entity["end"]] == entity["text"]
    assert 0 < entity["probability"] <= 1


def test_a_loaded_run_says_the_same(run: finetrust.Run) -> None:
    text = "that movie two was not bad very great"
    again = finetrust.load(run.folder.path)
    assert finetrust.predict(again, text, quiet=True) == finetrust.predict(run, text, quiet=True)


def test_the_report_says_what_was_judged(
    run: finetrust.Run, profile: finetrust.TrustProfile
) -> None:
    run.report()
    page = run.folder.report_file.read_text(encoding="utf-8")
    assert "Entity F1" in page
    assert "plain model" in page
    assert json.loads(run.folder.profile_file.read_text())["task"] == "token-classification"


def test_evaluation_on_data_with_a_type_that_was_not_learned_is_an_error(
    run: finetrust.Run, tmp_path: Path
) -> None:
    (tmp_path / "other.conll").write_text("film\tB-works\nis\tO\n")
    with pytest.raises(finetrust.UserError, match=r"'works' is not among the 2 types.*'work'"):
        run.evaluate(tmp_path / "other.conll", out=str(tmp_path / "out"), quiet=True)
