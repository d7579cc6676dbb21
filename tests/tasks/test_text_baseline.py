from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from finetrust.core.errors import UserError
from finetrust.data.dataset import Dataset
from finetrust.data.texts.text_inputs import Texts
from finetrust.data.texts.text_kind import TEXTS
from finetrust.tasks.class_targets import class_predictions
from finetrust.tasks.text_baseline import TextBaseline

from .tiny_texts import films


def of(texts: list[str], targets: object, classes: tuple[str, ...]) -> Dataset:
    n = len(texts)
    ids = tuple(map(str, range(n)))
    splits = np.full(n, "train")
    return Dataset(*("texts", ids, Texts(texts), np.asarray(targets), classes, splits), kind=TEXTS)


def films_of(n: int, seed: int) -> Dataset:
    texts, labels = zip(*films(n, seed), strict=True)
    return of(list(texts), [int(label == "good") for label in labels], ("bad", "good"))


def accuracy(baseline: TextBaseline, dataset: Dataset) -> float:
    found = baseline.predictions(dataset)
    return float((found["logits"].argmax(1) == found["target"]).mean())


def test_what_a_word_tells_is_learned() -> None:
    baseline = TextBaseline.of_classes(films_of(100, 0))
    assert baseline is not None
    assert accuracy(baseline, films_of(60, 1)) > 0.85


def test_it_is_scikit_learns_pipeline() -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    texts = ["red apple", "green pear", "blue sky", "red rose", "green grass", "blue sea"]
    dataset = of(texts, np.array([0, 1, 2, 0, 1, 2]), ("red", "green", "blue"))
    pipeline = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression(C=10.0)
    ).fit(texts, dataset.targets)
    asked = of(["a red sea", "green apple", "nothing known"], np.zeros(3, int), dataset.classes)
    baseline = TextBaseline.of_classes(dataset)
    assert baseline is not None
    ours = baseline.predictions(asked)["logits"]
    theirs = pipeline.decision_function([asked.inputs[i] for i in range(3)])
    np.testing.assert_allclose(ours, theirs, atol=1e-3)


def test_a_class_without_training_texts_is_never_predicted() -> None:
    dataset = of(["a b", "c d", "a e", "c f"], np.array([0, 2, 0, 2]), ("x", "never", "z"))
    baseline = TextBaseline.of_classes(dataset)
    assert baseline is not None
    found = baseline.predictions(dataset)["logits"]
    assert found.argmax(1).tolist() == [0, 2, 0, 2]
    assert np.isfinite(found).all()


def test_with_one_class_there_is_no_plain_model() -> None:
    assert TextBaseline.of_classes(of(["a", "b"], np.array([0, 0]), ("x", "y"))) is None


def test_texts_without_spaces_are_read_by_character() -> None:
    texts = ["这部电影很好", "这部电影很差", "很好的故事", "很差的故事"]
    dataset = of(texts, np.array([1, 0, 1, 0]), ("bad", "good"))
    baseline = TextBaseline.of_classes(dataset)
    assert baseline is not None
    assert accuracy(baseline, of(["好", "差"], np.array([1, 0]), ("bad", "good"))) == 1


def test_labels_are_learned_each_by_itself() -> None:
    texts = ["red big", "blue big", "red small", "blue small", "green big"]
    targets = np.array([[1, 1, 0], [0, 1, 0], [1, 0, 0], [0, 0, 0], [0, 1, 0]], np.float32)
    dataset = of(texts, targets, ("red", "big", "never"))
    baseline = TextBaseline.of_labels(dataset)
    found = baseline.predictions(dataset)
    assert ((found["label_logits"] > 0) == targets).all()
    assert found["label_targets"].tolist() == targets.tolist()


def test_what_is_saved_answers_alike_and_holds_no_pickle(tmp_path: Path) -> None:
    baseline = TextBaseline.of_classes(films_of(60, 0))
    assert baseline is not None
    baseline.save(tmp_path / "baseline")
    names = {file.name for file in (tmp_path / "baseline").iterdir()}
    assert names == {"ngrams.json", "weights.safetensors"}
    loaded = TextBaseline.load(tmp_path / "baseline", class_predictions)
    assert loaded is not None
    one, other = (b.predictions(films_of(20, 1))["logits"] for b in (baseline, loaded))
    np.testing.assert_allclose(one, other, atol=1e-4)


def test_a_missing_folder_is_none_and_a_broken_one_an_error(tmp_path: Path) -> None:
    assert TextBaseline.load(tmp_path / "none", class_predictions) is None
    (tmp_path / "ngrams.json").write_text("[")
    with pytest.raises(UserError, match="cannot be read as a plain model"):
        TextBaseline.load(tmp_path, class_predictions)


def test_of_very_many_texts_a_part_is_learned_from(monkeypatch: pytest.MonkeyPatch) -> None:
    import finetrust.tasks.text_baseline as module

    monkeypatch.setattr(module, "MOST_TEXTS", 50)
    many = films_of(200, 0)
    baseline = TextBaseline.of_classes(replace(many))
    assert baseline is not None
    assert accuracy(baseline, films_of(60, 1)) > 0.8
