from pathlib import Path

import numpy as np

from data.mask_folders import mask_folder, mask_of, save_mask
from finetrust.data.formats.mask_folder_format import MaskFolderFormat
from finetrust.data.masks.mask_checks import examine_masks
from finetrust.data.masks.masks import class_pixels
from finetrust.data.source import DataOptions


def examined(root: Path) -> tuple:
    dataset = MaskFolderFormat().open(str(root), DataOptions())
    return examine_masks(dataset, [image.size for image in dataset.inputs])


def test_good_masks_are_counted(tmp_path: Path) -> None:
    dataset, findings = examined(mask_folder(tmp_path))
    assert not findings.left_out
    for seed, mask in enumerate(dataset.targets):
        expected = np.bincount(mask_of(seed).ravel(), minlength=3)
        assert mask.counts == (*expected.tolist(), 0)
        assert class_pixels(mask, 3).tolist() == list(mask.counts)
    assert len({mask.digest for mask in dataset.targets}) == 3


def test_a_mask_of_another_size_is_left_out_with_both_sizes(tmp_path: Path) -> None:
    mask_folder(tmp_path)
    save_mask(tmp_path / "masks" / "01.png", mask_of(1)[:-1])
    _, findings = examined(tmp_path)
    said = "mask masks/01.png has 48 x 39 pixels, its image 48 x 40"
    assert findings.left_out == {1: said}


def test_unknown_values_are_named_with_their_pixels(tmp_path: Path) -> None:
    mask_folder(tmp_path)
    (tmp_path / "classes.txt").write_text("sky\nroad\ntree\n")
    mask = mask_of(2)
    mask = np.where(np.arange(mask.size).reshape(mask.shape) < 7, 77, mask).astype(np.uint8)
    save_mask(tmp_path / "masks" / "02.png", mask)
    _, findings = examined(tmp_path)
    assert findings.left_out == {
        2: "mask masks/02.png holds the value 77 in 7 pixels, of none of the 3 classes"
    }


def test_a_mask_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    mask_folder(tmp_path)
    path = tmp_path / "masks" / "00.png"
    path.write_bytes(path.read_bytes()[:60])
    _, findings = examined(tmp_path)
    assert list(findings.left_out) == [0]
    assert findings.left_out[0].startswith("mask masks/00.png cannot be read: ")


def test_a_mask_without_a_class_is_left_out(tmp_path: Path) -> None:
    mask_folder(tmp_path)
    save_mask(tmp_path / "masks" / "00.png", np.full((40, 48), 255, np.uint8))
    _, findings = examined(tmp_path)
    assert findings.left_out == {0: "mask masks/00.png marks all its pixels as to be ignored"}
