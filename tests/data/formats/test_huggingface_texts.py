from pathlib import Path

import pytest

from finetrust.core.errors import UserError
from finetrust.data.source import DataOptions, open_dataset

datasets = pytest.importorskip("datasets")


@pytest.fixture(autouse=True)
def _own_hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "hf")
    datasets.disable_progress_bars()


def saved(folder: Path, features: dict | None = None, **columns: list) -> str:
    kinds = datasets.Features(features) if features else None
    datasets.Dataset.from_dict(columns, features=kinds).save_to_disk(str(folder / "one"))
    return f"hf:{folder / 'one'}"


NAMES = datasets.ClassLabel(names=["neg", "pos"])
STRING = datasets.Value("string")


def test_a_column_of_strings_and_one_of_labels_are_texts(tmp_path: Path) -> None:
    name = saved(tmp_path, {"sentence": STRING, "label": NAMES}, sentence=["a", "b"], label=[1, 0])
    dataset = open_dataset(name)
    assert (dataset.task, dataset.kind.name) == ("text-classification", "text")
    assert dataset.classes == ("neg", "pos")
    assert dataset.targets.tolist() == [1, 0]
    assert [dataset.inputs[i] for i in range(2)] == ["a", "b"]
    assert dataset.ids == ("all/000000", "all/000001")


def test_pairs_are_named_by_the_user(tmp_path: Path) -> None:
    name = saved(tmp_path, None, premise=["a", "b"], hypothesis=["c", "d"], label=["x", "y"])
    with pytest.raises(UserError, match=r"not clear which column holds the text.*--text-column"):
        open_dataset(name)
    options = DataOptions(text_column="premise", text_pair_column="hypothesis")
    assert open_dataset(name, options).inputs[0] == ("a", "c")
    with pytest.raises(UserError, match=r"no column 'hypothesi'.*Did you mean 'hypothesis'"):
        open_dataset(name, DataOptions(text_column="premise", text_pair_column="hypothesi"))


def test_lists_of_labels_are_multi_hot_rows(tmp_path: Path) -> None:
    kinds = {"text": STRING, "labels": datasets.Sequence(NAMES)}
    dataset = open_dataset(saved(tmp_path, kinds, text=["a", "b"], labels=[[0, 1], []]))
    assert dataset.task == "multi-label-text-classification"
    assert dataset.classes == ("neg", "pos")
    assert dataset.targets.tolist() == [[1, 1], [0, 0]]


def test_an_empty_text_is_an_oserror(tmp_path: Path) -> None:
    dataset = open_dataset(saved(tmp_path, None, text=["a", None], label=["x", "y"]))
    with pytest.raises(OSError, match="the text is empty"):
        dataset.inputs[1]
