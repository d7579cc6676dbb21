from pathlib import Path

import numpy as np
import pytest

from data.pictures import checked, folder_of, jpeg, picture, write
from finetrust.core.errors import UserError
from finetrust.data.images.image_files import decode
from finetrust.data.images.image_kind import IMAGES
from finetrust.data.index import DataIndex, overlap
from finetrust.data.source import open_dataset


@pytest.fixture
def index(tmp_path: Path) -> DataIndex:
    return checked(open_dataset(folder_of(tmp_path / "train", {"cat": 20, "dog": 20})))[2]


def test_an_index_comes_back_from_disk_as_it_was(index: DataIndex, tmp_path: Path) -> None:
    index.save(tmp_path / "data" / "index.parquet")
    loaded = DataIndex.load(tmp_path / "data" / "index.parquet")
    assert (loaded.ids, loaded.digests) == (index.ids, index.digests)
    assert loaded.splits.tolist() == index.splits.tolist()
    assert np.array_equal(loaded.signatures, index.signatures)


def test_what_was_measured_comes_back_from_disk(index: DataIndex, tmp_path: Path) -> None:
    index.save(tmp_path / "index.parquet")
    loaded = DataIndex.load(tmp_path / "index.parquet").properties
    assert tuple(loaded) == IMAGES.properties
    assert all(np.array_equal(loaded[name], index.properties[name]) for name in loaded)
    val = np.flatnonzero(index.splits == "val")
    assert np.array_equal(index.of_split("val").properties["size"], loaded["size"][val])


def test_an_index_of_an_older_version_is_read_and_compared(
    index: DataIndex, tmp_path: Path
) -> None:
    small = [
        np.asarray(decode(tmp_path / "train" / id_).convert("L").resize((16, 16), 2))
        for id_ in index.ids
    ]
    signatures = np.stack(small).reshape(len(small), 256)
    DataIndex(index.ids, index.digests, index.splits, signatures).save(tmp_path / "index.parquet")
    old = DataIndex.load(tmp_path / "index.parquet")
    assert old.properties == {}
    write(tmp_path / "new" / "cat" / "near.jpg", jpeg(picture(7), quality=60))
    judged = checked(open_dataset(tmp_path / "new"), cut=False)[2]
    assert overlap(judged, old, IMAGES)["near"] == [["cat/near.jpg", "cat/007.jpg"]]


def test_a_split_has_its_items_and_one_without_items_is_empty(index: DataIndex) -> None:
    assert len(index.of_split("train")) == 28
    assert set(index.of_split("val").splits.tolist()) == {"val"}
    assert len(index.of_split("other")) == 0


def test_overlap_tells_exact_from_near_copies(index: DataIndex, tmp_path: Path) -> None:
    folder_of(tmp_path / "new", {"cat": 10, "dog": 10}, seed=1000)
    write(tmp_path / "new" / "cat" / "same.jpg", (tmp_path / "train/dog/004.jpg").read_bytes())
    write(tmp_path / "new" / "cat" / "near.jpg", jpeg(picture(7).resize((96, 80)), quality=75))
    judged = checked(open_dataset(tmp_path / "new"), cut=False)[2]
    assert overlap(judged, index, IMAGES) == {
        "exact": [["cat/same.jpg", "dog/004.jpg"]],
        "near": [["cat/near.jpg", "cat/007.jpg"]],
    }


def test_data_overlap_with_themselves_exactly_and_not_nearly(index: DataIndex) -> None:
    found = overlap(index, index, IMAGES)
    assert found == {"exact": [[i, i] for i in index.ids], "near": []}


def test_nothing_overlaps_with_nothing(index: DataIndex) -> None:
    assert overlap(index, index.of_split("other"), IMAGES) == {"exact": [], "near": []}
    assert overlap(index.of_split("other"), index, IMAGES) == {"exact": [], "near": []}


@pytest.mark.parametrize("content", [None, b"", b"nonsense"])
def test_a_file_that_is_no_index_is_an_error(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "index.parquet").write_bytes(content)
    with pytest.raises(UserError, match=r"index\.parquet: cannot be read as the index") as caught:
        DataIndex.load(tmp_path / "index.parquet")
    assert "\n" not in str(caught.value)
