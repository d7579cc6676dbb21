import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from data.mask_folders import mask_of, save_mask
from finetrust.data.masks.masks import (
    IGNORE,
    MaskArray,
    MaskEncoding,
    MaskFile,
    class_pixels,
    code_of,
    colour_of,
    shares,
)

INDICES = MaskEncoding((0, 1, 2), frozenset({IGNORE}))
masks = hnp.arrays(np.int64, (4, 5), elements=st.integers(0, 300))


@given(masks)
def test_every_pixel_is_a_class_ignored_or_unknown(pixels: np.ndarray) -> None:
    classes, unknown = INDICES.decode(pixels)
    known = np.isin(pixels, [0, 1, 2])
    np.testing.assert_array_equal(classes[known], pixels[known])
    assert (classes[~known] == IGNORE).all()
    assert sum(unknown.values()) == (~known & (pixels != IGNORE)).sum()
    assert all(unknown[value] == (pixels == int(value)).sum() for value in unknown)


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_a_colour_and_its_code_are_the_same(colour: tuple[int, int, int]) -> None:
    assert colour_of(code_of(colour)) == colour


@given(masks, st.permutations([0, 1, 2]))
def test_reordering_renames_the_classes(pixels: np.ndarray, order: list[int]) -> None:
    before, _ = INDICES.decode(pixels)
    after, _ = INDICES.reordered(order).decode(pixels)
    in_memory = MaskArray(before, 3).reordered(order).read()
    np.testing.assert_array_equal(after, in_memory)
    for new, old in enumerate(order):
        np.testing.assert_array_equal(after == new, before == old)


def test_a_class_that_the_masks_do_not_know_has_no_pixels() -> None:
    classes, _ = INDICES.reordered([-1, 0, 1, 2]).decode(np.array([[0, 1], [2, 255]]))
    np.testing.assert_array_equal(classes, [[1, 2], [3, IGNORE]])


@pytest.mark.parametrize("mode", ["1", "L", "P", "I", "I;16", "RGB"])
def test_indices_are_read_from_every_mode(tmp_path: Path, mode: str) -> None:
    mask = mask_of(0, (0, 1))
    path = tmp_path / "a.tiff"
    if mode == "1":
        Image.fromarray(mask * 255).convert("1").save(path)
    elif mode == "P":
        save_mask(path, mask, palette=[9] * 768)
    elif mode == "I;16":
        Image.fromarray(mask.astype(np.uint16)).save(path)
    elif mode == "RGB":
        Image.fromarray(mask.repeat(3).reshape(*mask.shape, 3)).save(path)
    else:
        Image.fromarray(mask).convert(mode).save(path)
    np.testing.assert_array_equal(MaskFile(path, INDICES).read(), mask)


def test_a_broken_mask_raises_os_error(tmp_path: Path) -> None:
    path = save_mask(tmp_path / "a.png", mask_of(0))
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(OSError, match=r"\w"):
        MaskFile(path, INDICES).read()


def test_colours_where_indices_are_expected_raise_os_error(tmp_path: Path) -> None:
    path = save_mask(tmp_path / "a.png", np.array([[[1, 2, 3]]], np.uint8))
    with pytest.raises(OSError, match="a mask with colours"):
        MaskFile(path, INDICES).read()


def test_pixels_and_shares_are_counted() -> None:
    mask = MaskArray(np.array([[0, 2, 2], [2, 255, 255]]), 3)
    counts = class_pixels(mask, 3)
    assert counts.tolist() == [1, 0, 3, 2]
    assert shares(counts, ["sky", "road", "tree"]) == {"tree": 0.75, "sky": 0.25}


def test_a_worker_process_can_get_a_copy(tmp_path: Path) -> None:
    path = save_mask(tmp_path / "a.png", mask_of(0))
    mask = MaskFile(path, INDICES)
    assert len(pickle.dumps(mask)) < 1000
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(mask)).read(), mask.read())
