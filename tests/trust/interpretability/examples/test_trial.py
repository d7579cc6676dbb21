"""The trial of examples on images of which it is known which are alike, copied, or wrongly labelled."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import cdist

import finetrust
from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import measures
from finetrust.core.predictions import Predictions
from finetrust.data.dataset import Dataset
from finetrust.models.features import compute_features
from finetrust.trust.interpretability.examples.known_items import known_items, known_source
from finetrust.trust.interpretability.examples.shown_examples import examples_of, prototypes_of
from finetrust.trust.trials.bench import Bench
from finetrust.trust.trials.trial import trials
from tasks.tiny_texts import data, tuned

from ...pixels import Pixels
from .scenes import CLASSES, SEEN, bench, colours, named, with_digests

TRIAL = trials.get("examples")


def held(on: Bench) -> dict[str, Predictions]:
    return {step.name: step.run() for step in TRIAL.plan(on)}


def copied(training: Dataset, row: int, evaluated: Dataset, at: int) -> Dataset:
    """Return the evaluated items with that at `at` replaced by a copy of a training item."""
    pixels = np.stack([np.asarray(evaluated.inputs[i]) for i in range(len(evaluated))])
    pixels[at] = np.asarray(training.inputs[row])
    return with_digests(replace(evaluated, inputs=Pixels(pixels)))


def test_the_nearest_neighbour_of_an_exact_copy_is_that_copy():
    training = named(colours(60, 1), "train")
    evaluated = copied(training, 17, colours(30, 2), 5)
    found = examples_of(held(bench(evaluated, training)), evaluated.ids[5])
    nearest = found.neighbours[0]
    assert (nearest.id, nearest.label) == (training.ids[17], 17 % 3)
    assert nearest.figure == pytest.approx(0, abs=1e-6)
    assert found.neighbours[1].figure > 1e-4


def test_neighbours_are_those_of_scipy_and_the_other_one_has_another_class():
    training, evaluated = named(colours(60, 1), "train"), colours(30, 2, contrast=20)
    own = bench(evaluated, training)
    table = held(own)["neighbours"]
    known = known_items(own)
    apart = cdist(own.clean["features"].astype(float), known.features.astype(float), "cosine")
    nearest = np.argsort(apart, axis=1)[:, :5]
    for rank in range(5):
        assert table[f"neighbour-{rank}"].tolist() == known.ids[nearest[:, rank]].tolist()
        assert table[f"label-{rank}"].tolist() == known.labels[nearest[:, rank]].tolist()
    answers = own.clean["logits"].argmax(1)
    assert (answers != own.clean["target"]).any()
    apart[answers[:, None] == known.labels] = np.inf
    assert table["other"].tolist() == known.ids[apart.argmin(axis=1)].tolist()
    assert (table["other_label"] != answers).all()
    np.testing.assert_allclose(table["other_distance"], apart.min(axis=1), rtol=1e-4)


@pytest.mark.parametrize(("label", "side"), [(2, "helpful"), (0, "harmful")])
def test_a_copy_speaks_most_for_an_answer_that_it_has_and_most_against_another(
    label: int, side: str
):
    evaluated = colours(12, 2, contrast=40)
    training = copied(evaluated, 5, named(colours(60, 1), "train"), 30)
    labels = np.where(np.arange(60) == 30, label, training.targets)
    own = bench(evaluated, replace(training, targets=labels), pictures=20)
    assert own.clean["logits"][5].argmax() == 2
    found = examples_of(held(own), evaluated.ids[5])
    strongest = getattr(found, side)[0]
    assert (strongest.id, strongest.label) == (training.ids[30], label)


def test_wrong_labels_are_among_the_most_self_influential_and_their_true_class_is_suggested():
    training = named(colours(400, 1), "train")
    wrong = np.random.default_rng(0).choice(400, 8, replace=False)
    labels = training.targets.copy()
    labels[wrong] = (labels[wrong] + 1) % 3
    own = bench(colours(30, 2), replace(training, targets=labels))
    tables = held(own)
    table = tables["self_influence"]
    top = np.argsort(-table["self_influence"])[:20]
    assert np.isin(wrong, top).sum() >= 7
    assert np.flatnonzero(table["alike"] >= 0).tolist() == sorted(top.tolist())
    evidence = Evidence(own.clean, trials={"examples": tables}, classes=CLASSES)
    found = next(measures.get("self_influence").estimate(evidence))
    suspects = {s["id"]: s for s in found.details["suspects"]}
    assert found.n == 20
    assert 0.3 < found.value <= len(suspects) / 20
    assert len({training.ids[row] for row in wrong} & set(suspects)) >= 7
    for row in wrong:
        if training.ids[row] in suspects:
            assert suspects[training.ids[row]]["suggested"] == CLASSES[row % 3]


def test_without_wrong_labels_few_stand_alone():
    own = bench(colours(30, 2), named(colours(400, 1), "train"))
    evidence = Evidence(own.clean, trials={"examples": held(own)}, classes=CLASSES)
    assert next(measures.get("self_influence").estimate(evidence)).value < 0.2


def test_every_class_has_prototypes_and_criticisms_of_its_own():
    training = named(colours(60, 1), "train")
    found = prototypes_of(held(bench(colours(30, 2), training)))
    assert sorted(found) == [0, 1, 2]
    label = dict(zip(training.ids, training.targets.tolist(), strict=True))
    for of, shown in found.items():
        assert len(shown.prototypes) == len(shown.criticisms) == 3
        assert len({*shown.prototypes, *shown.criticisms}) == 6
        assert {label[item] for item in (*shown.prototypes, *shown.criticisms)} == {of}


def test_a_class_of_copies_has_one_prototype():
    training = colours(9, 1)
    pixels = np.stack([np.asarray(training.inputs[i]) for i in range(9)])
    pixels[0::3] = pixels[0]
    training = with_digests(replace(training, inputs=Pixels(pixels)))
    found = prototypes_of(held(bench(colours(30, 2), training)))
    assert (len(found[0].prototypes), found[0].criticisms) == (1, ())
    assert len(found[1].prototypes) == 3


def test_what_pictures_show_is_always_among_the_items():
    evaluated = colours(60, 2, contrast=20)
    own = bench(evaluated, named(colours(60, 1), "train"), trial_items=5, pictures=4)
    tables = held(own)
    assert len(tables["influence"]) == 8
    wrong = own.clean["logits"].argmax(1) != own.clean["target"]
    assert np.isin(tables["influence"].ids, own.clean.ids[wrong]).sum() == 4
    assert set(tables["influence"].ids) <= set(tables["neighbours"].ids)
    assert tables["neighbours"]["sampled"].sum() == 5


def test_without_pictures_no_influence_is_computed():
    own = bench(colours(12, 2), named(colours(60, 1), "train"), pictures=0)
    tables = held(own)
    assert "influence" not in tables
    found = examples_of(tables, own.clean.ids[0])
    assert found.helpful == found.harmful == ()


def test_an_item_that_is_not_known_has_no_examples():
    assert examples_of({}, "0.png") is None
    assert prototypes_of({}) == {}
    tables = held(bench(colours(12, 2), named(colours(60, 1), "train")))
    assert examples_of(tables, "no such item") is None


def test_items_without_an_answer_are_not_asked_about():
    own = bench(colours(12, 2), named(colours(60, 1), "train"))
    logits = own.clean["logits"].copy()
    logits[3] = np.nan
    spoiled = replace(own.clean, columns={**own.clean.columns, "logits": logits})
    tables = held(replace(own, clean=spoiled))
    assert own.clean.ids[3] not in tables["neighbours"].ids
    assert len(tables["neighbours"]) == 11
    with pytest.raises(NotApplicable, match="answer to no item"):
        TRIAL.plan(
            replace(
                own,
                clean=replace(
                    own.clean, columns={**own.clean.columns, "logits": np.full((12, 3), np.nan)}
                ),
            )
        )


def test_fewer_training_items_than_neighbours_leave_gaps():
    own = bench(colours(6, 2), named(colours(2, 1), "train"))
    found = examples_of(held(own), own.clean.ids[0])
    assert len(found.neighbours) == 2
    assert found.other.label == 1


def test_it_has_no_meaning_without_training_items_or_features():
    evaluated, training = colours(12, 2), named(colours(60, 1), "train")
    with pytest.raises(NotApplicable, match="trained on are not known"):
        TRIAL.plan(bench(evaluated, None))
    own = bench(evaluated, training)
    with pytest.raises(NotApplicable, match="row of numbers"):
        TRIAL.plan(replace(own, clean=own.clean.without("features")))
    sets = replace(training, targets=np.zeros((60, 3)))
    with pytest.raises(NotApplicable, match="no single class"):
        TRIAL.plan(bench(evaluated, sets))


@pytest.fixture
def counted() -> Iterator[list[int]]:
    SEEN.clear()
    yield SEEN
    SEEN.clear()


def test_training_items_pass_once_for_all_that_read_them(counted: list[int]):
    own = bench(
        colours(12, 2),
        named(colours(60, 11), "train"),
        find_validation=lambda: named(colours(20, 3), "val"),
    )
    tables = {step.name: step for step in trials.get("ood").plan(own)}
    counted.clear()
    tables["familiar"].run()
    assert sum(counted) == 60
    held(own)
    assert sum(counted) == 60


def test_features_that_are_kept_are_read_and_no_item_passes(counted: list[int]):
    training = named(colours(60, 12), "train")
    on = bench(colours(12, 2), training, trials="examples")
    assert known_source(on).passes == 60
    before = held(on)
    compute_features(on.inference, training, 0)
    again = bench(colours(12, 2), training, trials="examples")
    counted.clear()
    assert known_source(again).passes == 0
    after = held(again)
    assert not counted
    assert (after["neighbours"]["neighbour-0"] == before["neighbours"]["neighbour-0"]).all()
    np.testing.assert_allclose(
        np.sort(after["self_influence"]["self_influence"]),
        np.sort(before["self_influence"]["self_influence"]),
        rtol=1e-4,
    )


def test_other_training_labels_and_other_answers_are_other_settings():
    evaluated, training = colours(12, 2), named(colours(60, 1), "train")

    def settings(of: Dataset) -> dict[str, object]:
        return {step.name: step.settings for step in TRIAL.plan(bench(evaluated, of))}

    first = settings(training)
    assert settings(training) == first
    changed = replace(training, targets=np.roll(training.targets, 1))
    assert all(settings(changed)[name] != first[name] for name in first)


def test_digits_are_explained_by_training_digits_from_the_command_to_the_profile(tmp_path: Path):
    run = finetrust.tune(
        "glyphnet", "digits:30", strategy="linear-probe", epochs=3, quiet=True, out=str(tmp_path)
    )
    profile = run.evaluate(trials="examples", corruptions="none", pictures=3, quiet=True)
    agreement = profile["neighbour_agreement"]
    assert agreement.value > 0.7
    assert agreement.n == 385 < profile["accuracy"].n
    assert profile["neighbour_agreement[answer=right]"].value > 0.8
    assert profile["self_influence"].n > 10
    folder = run.folder.predictions / "test" / "examples"
    tables = {file.stem: Predictions.load(file) for file in folder.glob("*.parquet")}
    assert sorted(tables) == ["influence", "neighbours", "prototypes", "self_influence"]
    cases = [p for p in profile.pictures if p["kind"] in ("confident error", "random correct")]
    assert len(cases) > 3
    for case in cases:
        found = examples_of(tables, case["id"])
        assert len(found.neighbours) == 5
        assert found.helpful


def test_texts_are_explained_by_training_texts(tmp_path: Path):
    rates = {"learning_rate": 1e-2, "backbone_learning_rate": 1e-2, "layer_decay": 1.0}
    run = tuned(tmp_path, data=data(tmp_path, 120), strategy="full", epochs=8, **rates)
    profile = run.evaluate(trials="examples", pictures=2, quiet=True)
    assert profile["neighbour_agreement"].value > 0.7
    assert profile["self_influence"].applies
    folder = run.folder.predictions / "test" / "examples"
    tables = {file.stem: Predictions.load(file) for file in folder.glob("*.parquet")}
    found = examples_of(tables, tables["influence"].ids[0])
    assert len(found.neighbours) == 5
    assert found.other is not None
