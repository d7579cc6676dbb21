"""The objects of a data set: matched, counted, and refused where they do not fit."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from finetrust.core.errors import UserError
from finetrust.data.objects.objects import Objects, image_size, open_objects
from finetrust.data.source import open_dataset

from ..pictures import folder_of


def masks_of(folder: Path, names: list[str], size: tuple[int, int] = (48, 40)) -> str:
    """Write masks in which as many pixels are object as the name has letters."""
    for name in names:
        pixels = np.zeros(size[::-1], np.uint8)
        pixels.ravel()[: len(name)] = 255
        path = folder / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    return str(folder)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return folder_of(tmp_path / "data", {"test/cat": 2, "test/dog": 2})


def opened(root: Path, masks: str) -> Objects:
    return open_objects(masks, open_dataset(root))


def test_each_image_has_its_mask_and_those_without_are_told(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = opened(root, masks_of(tmp_path / "masks", ["cat/000", "test/dog/001"]))
    assert found.names == ("cat/000", None, None, "test/dog/001")
    assert found.marked.tolist() == [0, 3]
    assert [found.read(row).sum() for row in range(4)] == [7, 0, 0, 12]
    assert found.read(1).shape == (40, 48)
    assert "2 of 4 images have none" in capsys.readouterr().err
    found.check_sizes(range(4))


def test_where_no_name_is_that_of_an_image_it_is_refused(root: Path, tmp_path: Path) -> None:
    masks = masks_of(tmp_path / "masks", ["bird/000"])
    with pytest.raises(UserError, match=r"none is that of an image; the first is bird/000, the"):
        opened(root, masks)


def test_a_mask_of_another_size_is_refused_by_name(root: Path, tmp_path: Path) -> None:
    found = opened(root, masks_of(tmp_path / "masks", ["cat/000", "cat/001"], (40, 48)))
    expected = r"cat/001 has 40 x 48 pixels, its image test/cat/001\.jpg 48 x 40"
    for use in (lambda: found.check_sizes([1, 2]), lambda: found.read(1)):
        with pytest.raises(UserError, match=expected):
            use()
    found.check_sizes([2, 3])


def test_a_photo_that_lies_on_its_side_is_marked_upright(tmp_path: Path) -> None:
    root = folder_of(tmp_path / "data", {"cat": 1, "dog": 1})
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(root / "cat" / "000.jpg") as image:
        image.save(root / "cat" / "000.jpg", exif=exif)
    dataset = open_dataset(root)
    assert image_size(dataset, 0) == dataset.inputs[0].size == (40, 48)
    found = open_objects(masks_of(tmp_path / "masks", ["cat/000"], (40, 48)), dataset)
    assert found.read(0).shape == (48, 40)


def test_the_digest_follows_the_masks_of_the_rows_alone(root: Path, tmp_path: Path) -> None:
    masks = masks_of(tmp_path / "masks", ["cat/000", "dog/000"])
    found = opened(root, masks)
    before, other = found.digest([0, 1]), found.digest([1, 2])
    Image.fromarray(np.full((40, 48), 255, np.uint8)).save(tmp_path / "masks" / "cat" / "000.png")
    assert found.digest([0, 1]) != before
    assert found.digest([1, 2]) == other
