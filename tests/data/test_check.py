from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.pictures import checked, folder_of, jpeg, labels_of, picture, splits_of, write
from finetrust.core.errors import UserError
from finetrust.data.dataset import Dataset
from finetrust.data.images.image_files import ImageFiles
from finetrust.data.source import open_dataset


def truncate(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


def test_a_truncated_jpeg_among_many_is_named_skipped_and_counted(tmp_path: Path) -> None:
    folder_of(tmp_path, {"cat": 150, "dog": 150})
    truncate(tmp_path / "dog" / "077.jpg")
    dataset, report, index = checked(open_dataset(tmp_path))
    [(name, reason)] = report.unreadable
    assert name == "dog/077.jpg"
    assert "truncated" in reason
    assert len(dataset) == len(dataset.digests) == len(index) == report.n == 299
    assert "dog/077.jpg" not in dataset.ids
    assert any("1 of 300 images cannot be used" in warning for warning in report.warnings)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no image of a known format"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "no image of a known format"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, ""),
        (b"GIF89a" + b"\xff" * 30, ""),
        (b"II*\0" + b"\xff" * 60, ""),
    ],
)
def test_any_damage_is_a_reason_and_no_crash(tmp_path: Path, content: bytes, reason: str) -> None:
    folder_of(tmp_path, {"cat": 3, "dog": 3})
    write(tmp_path / "cat" / "broken.png", content)
    _, report, _ = checked(open_dataset(tmp_path))
    assert [name for name, _ in report.unreadable] == ["cat/broken.png"]
    assert reason in report.unreadable[0][1]
    assert "0x" not in report.unreadable[0][1]


def test_one_unreadable_image_ends_it_all_when_told_to_fail(tmp_path: Path) -> None:
    folder_of(tmp_path, {"cat": 3, "dog": 3})
    truncate(tmp_path / "cat" / "001.jpg")
    truncate(tmp_path / "dog" / "002.jpg")
    with pytest.raises(
        UserError, match=r"cat/001\.jpg cannot be read \(.*\), nor can 1 more\. Mend"
    ):
        checked(open_dataset(tmp_path), on_error="fail")


def test_nothing_readable_is_an_error(tmp_path: Path) -> None:
    for file in folder_of(tmp_path, {"cat": 2, "dog": 2}).rglob("*.jpg"):
        truncate(file)
    with pytest.raises(UserError, match=r"none of the 4 images can be read, cat/000\.jpg"):
        checked(open_dataset(tmp_path))


def test_a_class_that_loses_all_its_images_is_an_error(tmp_path: Path) -> None:
    folder_of(tmp_path, {"cat": 2, "dog": 1, "emu": 2})
    truncate(tmp_path / "dog" / "000.jpg")
    with pytest.raises(UserError, match="no image of class 'dog' can be read"):
        checked(open_dataset(tmp_path))


def test_one_class_only_is_an_error(tmp_path: Path) -> None:
    folder_of(tmp_path, {"cat": 4, "dog": 0})
    with pytest.raises(UserError, match="only one class, 'cat'; a classifier needs two"):
        checked(open_dataset(tmp_path))


def test_data_to_judge_on_may_have_one_class_and_keep_their_splits(tmp_path: Path) -> None:
    dataset, report, _ = checked(open_dataset(folder_of(tmp_path, {"cat": 4, "dog": 0})), cut=False)
    assert set(splits_of(dataset).values()) == {""}
    assert report.to_dict()["splits"] == {"": {"n": 4, "classes": {"cat": 4, "dog": 0}}}
    assert report.empty_classes == ["dog"]


def test_missing_splits_are_cut_off_and_names_decide_nothing(tmp_path: Path) -> None:
    dataset, report, _ = checked(open_dataset(folder_of(tmp_path / "a", {"cat": 40, "dog": 60})))
    assert report.to_dict()["splits"]["test"] == {"n": 15, "classes": {"cat": 6, "dog": 9}}
    assert report.to_dict()["splits"]["val"] == {"n": 15, "classes": {"cat": 6, "dog": 9}}
    for number, file in enumerate(sorted((tmp_path / "a").rglob("*.jpg"))):
        write(tmp_path / "b" / file.parent.name / f"{977 * number % 1009}.jpg", file.read_bytes())
    renamed, _, _ = checked(open_dataset(tmp_path / "b"))
    by_content = dict(zip(dataset.digests, dataset.splits, strict=True))
    assert dict(zip(renamed.digests, renamed.splits, strict=True)) == by_content
    assert renamed.fingerprint != dataset.fingerprint


def test_a_leaked_copy_across_splits_is_reported(tmp_path: Path) -> None:
    folder_of(tmp_path, {"train/cat": 30, "train/dog": 30, "test/cat": 10, "test/dog": 10})
    leaked = Image.open(tmp_path / "train" / "cat" / "007.jpg")
    write(tmp_path / "test" / "cat" / "new.jpg", jpeg(leaked.resize((43, 36)), quality=60))
    exact = (tmp_path / "train" / "dog" / "003.jpg").read_bytes()
    write(tmp_path / "test" / "dog" / "same.jpg", exact)
    _, report, _ = checked(open_dataset(tmp_path), val_fraction=0)
    found = report.to_dict()
    pair = ["test/cat/new.jpg", "test", "train/cat/007.jpg", "train"]
    assert found["near_duplicates"] == {"n_pairs": 1, "across_splits": 1, "pairs": [pair]}
    pair = ["test/dog/same.jpg", "test", "train/dog/003.jpg", "train"]
    assert found["exact_duplicates"] == {"n_pairs": 1, "across_splits": 1, "pairs": [pair]}
    assert report.warnings[0].startswith(
        "1 exact copy across splits, for example test/dog/same.jpg"
    )
    assert report.warnings[1].startswith("1 near copy across splits, for example test/cat/new.jpg")


def test_a_leak_is_told_for_every_split_that_holds_a_copy(tmp_path: Path) -> None:
    folder_of(tmp_path, {"train/cat": 9, "train/dog": 9, "val/dog": 2, "test/dog": 2})
    original = (tmp_path / "train" / "cat" / "007.jpg").read_bytes()
    write(tmp_path / "val" / "cat" / "same.jpg", original)
    write(tmp_path / "test" / "cat" / "near.jpg", jpeg(picture(7), quality=60))
    _, report, _ = checked(open_dataset(tmp_path))
    assert {(a, b) for a, _, b, _ in report.near_duplicates.pairs} == {
        ("test/cat/near.jpg", "train/cat/007.jpg"),
        ("test/cat/near.jpg", "val/cat/same.jpg"),
    }


def test_copies_are_not_parted_by_the_cut(tmp_path: Path) -> None:
    folder_of(tmp_path, {"cat": 40, "dog": 40})
    for number in range(40):
        image = picture(number)
        write(tmp_path / "cat" / f"again{number}.jpg", jpeg(image, quality=70))
        write(tmp_path / "cat" / f"same{number}.jpg", jpeg(image))
    dataset, report, _ = checked(open_dataset(tmp_path))
    splits = splits_of(dataset)
    for number in range(40):
        names = (f"{number:03d}", f"again{number}", f"same{number}")
        assert len({splits[f"cat/{name}.jpg"] for name in names}) == 1
    assert report.exact_duplicates.n_pairs == 40
    assert report.near_duplicates.n_pairs == 40
    assert report.exact_duplicates.across_splits == report.near_duplicates.across_splits == 0


def test_contradictory_labels_among_copies_are_called_out(tmp_path: Path) -> None:
    folder_of(tmp_path, {"cat": 5, "dog": 5})
    write(tmp_path / "dog" / "x.jpg", (tmp_path / "cat" / "001.jpg").read_bytes())
    _, report, _ = checked(open_dataset(tmp_path))
    assert report.to_dict()["conflicting_labels"] == [["cat/001.jpg", "cat", "dog/x.jpg", "dog"]]
    assert any("contradictory labels" in warning for warning in report.warnings)


def test_digests_identify_the_contents_of_the_files(tmp_path: Path) -> None:
    import hashlib

    dataset, _, _ = checked(open_dataset(folder_of(tmp_path, {"cat": 3, "dog": 3})))
    for i, digest in enumerate(dataset.digests):
        assert hashlib.sha256((tmp_path / dataset.ids[i]).read_bytes()).hexdigest() == digest


@pytest.mark.parametrize("workers", [0, 1, 3, None])
def test_the_number_of_threads_changes_nothing(tmp_path: Path, workers: int | None) -> None:
    folder_of(tmp_path, {"cat": 100, "dog": 100})
    truncate(tmp_path / "cat" / "013.jpg")
    opened = open_dataset(tmp_path)
    dataset, report, index = checked(opened, workers=workers)
    reference, expected, other = checked(opened, workers=0)
    assert dataset.ids == reference.ids
    assert report == expected
    assert np.array_equal(index.signatures, other.signatures)


class Counted(ImageFiles):
    """The image files of a data set, and how many of them were decoded so far."""

    def __init__(self, dataset: Dataset) -> None:
        assert isinstance(dataset.inputs, ImageFiles)
        super().__init__(dataset.inputs.paths)
        self.dataset = replace(dataset, inputs=self)
        self.decoded = 0

    def __getitem__(self, index: int) -> Image.Image:
        self.decoded += 1
        return super().__getitem__(index)


def test_every_input_is_decoded_once_and_not_again_by_a_later_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINETRUST_CACHE", str(tmp_path / "cache"))
    counted = Counted(open_dataset(folder_of(tmp_path / "data", {"cat": 70, "dog": 70})))
    first = checked(counted.dataset)
    assert counted.decoded == 140
    second = checked(counted.dataset)
    assert counted.decoded == 140
    assert first[1] == second[1]
    assert np.array_equal(first[2].signatures, second[2].signatures)
    assert len(set(first[2].properties["brightness"].tolist())) > 100
    for name, values in first[2].properties.items():
        assert np.array_equal(values, second[2].properties[name])


def test_a_changed_file_is_decoded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINETRUST_CACHE", str(tmp_path / "cache"))
    root = folder_of(tmp_path / "data", {"cat": 5, "dog": 5})
    checked(open_dataset(root))
    truncate(root / "cat" / "002.jpg")
    counted = Counted(open_dataset(root))
    _, report, _ = checked(counted.dataset)
    assert [name for name, _ in report.unreadable] == ["cat/002.jpg"]
    assert counted.decoded == 1


BREAKS: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "nonsense": lambda content: b"nonsense" * 1000,
    "cut off": lambda content: content[:-9000],
    "scribbled on": lambda content: content[:-4096] + b"\xff" * 4096,
}


@pytest.mark.parametrize("damage", BREAKS.values(), ids=BREAKS)
def test_a_broken_cache_does_no_harm_and_is_soon_replaced(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    damage: Callable[[bytes], bytes],
) -> None:
    monkeypatch.setenv("FINETRUST_CACHE", str(tmp_path / "cache"))
    opened = open_dataset(folder_of(tmp_path / "data", {"cat": 70, "dog": 70}))
    _, expected, _ = checked(opened)
    [file] = (tmp_path / "cache" / "inspections").glob("*.sqlite")
    file.write_bytes(damage(file.read_bytes()))
    assert checked(opened)[1] == expected
    assert checked(opened)[1] == expected
    counted = Counted(opened)
    assert checked(counted.dataset)[1] == expected
    assert counted.decoded == 0


def test_a_cache_that_cannot_be_written_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FINETRUST_CACHE", str(tmp_path / "file"))
    _, report, _ = checked(open_dataset(folder_of(tmp_path / "data", {"cat": 3, "dog": 3})))
    assert report.n == 6


def test_runs_at_the_same_time_share_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    monkeypatch.setenv("FINETRUST_CACHE", str(tmp_path / "cache"))
    opened = open_dataset(folder_of(tmp_path / "data", {"cat": 70, "dog": 70}))
    with ThreadPoolExecutor(4) as pool:
        reports = [report for _, report, _ in pool.map(lambda _: checked(opened), range(4))]
    assert all(report == reports[0] for report in reports)


def test_only_the_usable_items_keep_their_groups_and_labels(tmp_path: Path) -> None:
    opened = open_dataset(folder_of(tmp_path, {"cat": 3, "dog": 3}))
    opened = replace(opened, groups={"name": np.array(opened.ids)})
    truncate(tmp_path / "cat" / "001.jpg")
    dataset, _, _ = checked(opened)
    assert dataset.groups["name"].tolist() == list(dataset.ids)
    assert all(name.startswith(label) for name, label in labels_of(dataset).items())


def test_photos_are_checked_upright_with_their_real_size(tmp_path: Path) -> None:
    folder_of(tmp_path, {"cat": 3, "dog": 3})
    turned = picture(50, (60, 20)).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6
    turned.save(tmp_path / "cat" / "turned.jpg", exif=exif, quality=95)
    picture(50, (60, 20)).save(tmp_path / "cat" / "upright.jpg", quality=95)
    _, report, _ = checked(open_dataset(tmp_path))
    assert report.sizes.distinct == 2
    assert {"cat/turned.jpg", "cat/upright.jpg"} <= {
        i for p in report.near_duplicates.pairs for i in p
    }


def test_the_real_photos_of_ants_and_bees_pass(shared: Path) -> None:
    dataset, report, _ = checked(open_dataset(shared / "hymenoptera"))
    assert isinstance(dataset, Dataset)
    assert report.to_dict()["splits"]["train"]["n"] == 244
    assert report.to_dict()["splits"]["val"]["n"] == 153
    assert not report.unreadable
    assert report.near_duplicates.n_pairs == 0
