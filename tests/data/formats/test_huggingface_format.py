import sys
from pathlib import Path

import numpy as np
import pytest

from data.pictures import checked, folder_of, labels_of, picture, splits_of
from finetrust.core.errors import UserError
from finetrust.data.source import DataOptions, open_dataset

datasets = pytest.importorskip("datasets")


@pytest.fixture(autouse=True)
def _own_hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "hf")
    datasets.disable_progress_bars()


def rows(n: int, seed: int = 0, **columns: list) -> "datasets.Dataset":
    """Return a data set with pictures and two kinds of labels."""
    features = datasets.Features(
        {
            "picture": datasets.Image(),
            "fine": datasets.ClassLabel(names=["cat", "dog", "emu"]),
            "coarse": datasets.Value("string"),
        }
    )
    values = {
        "picture": [picture(seed + i) for i in range(n)],
        "fine": [i % 2 for i in range(n)],
        "coarse": ["pet" if i % 2 else "wild" for i in range(n)],
        **columns,
    }
    return datasets.Dataset.from_dict(values, features=features)


def saved_to_disk(folder: Path) -> Path:
    both = datasets.DatasetDict({"train": rows(4), "validation": rows(2, seed=4)})
    both.save_to_disk(str(folder / "saved"))
    return folder / "saved"


def test_image_and_label_are_found_by_their_type(tmp_path: Path) -> None:
    dataset = open_dataset(f"hf:{saved_to_disk(tmp_path)}")
    assert dataset.classes == ("cat", "dog", "emu")
    assert dataset.targets.tolist() == [0, 1, 0, 1, 0, 1]
    assert dataset.splits.tolist() == ["train"] * 4 + ["val"] * 2
    assert dataset.ids[4] == "val/000000"
    assert np.array_equal(np.asarray(dataset.inputs[5]), np.asarray(picture(5)))


def test_another_label_column_can_be_chosen(tmp_path: Path) -> None:
    options = DataOptions(label_column="coarse", group_columns=("fine",))
    dataset = open_dataset(f"hf:{saved_to_disk(tmp_path)}", options)
    assert dataset.classes == ("pet", "wild")
    assert dataset.groups["fine"].tolist() == ["0", "1", "0", "1", "0", "1"]


def test_a_set_without_splits_names_none(tmp_path: Path) -> None:
    rows(3).save_to_disk(str(tmp_path / "one"))
    assert set(splits_of(open_dataset(f"hf:{tmp_path / 'one'}")).values()) == {""}


def test_parquet_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    rows(4).to_parquet(str(tmp_path / "d" / "train-0.parquet"))
    rows(2, seed=4).to_parquet(str(tmp_path / "d" / "test-0.parquet"))
    dataset = open_dataset(f"hf:{tmp_path / 'd'}")
    assert sorted(dataset.splits.tolist()) == ["test"] * 2 + ["train"] * 4


def test_class_folders_are_read_from_their_files(tmp_path: Path) -> None:
    folder_of(tmp_path / "d", {"train/cat": 2, "train/dog": 2, "test/cat": 1, "test/dog": 1})
    dataset = open_dataset(f"hf:{tmp_path / 'd'}")
    assert sorted(labels_of(dataset).values()) == ["cat"] * 3 + ["dog"] * 3
    assert all(dataset.inputs.location(i) is not None for i in range(6))


def test_a_damaged_image_is_skipped_and_named(tmp_path: Path) -> None:
    broken = {"bytes": b"no image", "path": None}
    values = [picture(0), broken, picture(1)]
    rows(3, picture=values).save_to_disk(str(tmp_path / "one"))
    options = DataOptions(label_column="coarse")
    dataset = open_dataset(f"hf:{tmp_path / 'one'}", options)
    with pytest.raises(UserError, match="no image of class 'pet' can be read"):
        checked(dataset)
    _, report, _ = checked(dataset, cut=False)
    assert [name for name, _ in report.unreadable] == ["all/000001"]


def test_an_unlabelled_row_is_an_error(tmp_path: Path) -> None:
    rows(3, fine=[0, -1, 1]).save_to_disk(str(tmp_path / "one"))
    with pytest.raises(UserError, match=r"row 1: no label in column 'fine'"):
        open_dataset(f"hf:{tmp_path / 'one'}")


def test_several_label_columns_are_an_error_that_names_them(tmp_path: Path) -> None:
    two = rows(2).cast_column("coarse", datasets.ClassLabel(names=["pet", "wild"]))
    two.save_to_disk(str(tmp_path / "one"))
    with pytest.raises(
        UserError, match=r"several columns hold labels: fine, coarse.*--label-column"
    ):
        open_dataset(f"hf:{tmp_path / 'one'}")


def test_a_column_that_is_asked_for_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no column 'corse'.*Did you mean 'coarse'"):
        open_dataset(f"hf:{saved_to_disk(tmp_path)}", DataOptions(label_column="corse"))


def test_a_set_without_images_or_texts_is_an_error(tmp_path: Path) -> None:
    rows(2).remove_columns(["picture", "coarse"]).save_to_disk(str(tmp_path / "one"))
    with pytest.raises(UserError, match=r"no column holds images or texts; the columns are fine"):
        open_dataset(f"hf:{tmp_path / 'one'}")


def test_without_a_network_the_error_says_how_to_get_it_by_hand() -> None:
    with pytest.raises(UserError) as caught:
        open_dataset("hf:nobody/nothing")
    message = str(caught.value)
    assert "hf:nobody/nothing: no such folder, and the Hugging Face hub did not give it" in message
    assert "save_to_disk('FOLDER')" in message
    assert "\n" not in message


def test_without_the_extra_the_error_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(UserError, match=r"pip install 'finetrust\[huggingface\]'"):
        open_dataset("hf:mnist")
