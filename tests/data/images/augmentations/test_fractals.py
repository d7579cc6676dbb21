"""Fractals: the same from their number alone, each another one, of much structure, and kept."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from finetrust.data.images.augmentations.fractals import computed_fractal, fractal

NUMBERS = range(16)


@pytest.fixture(scope="module")
def pictures() -> dict[int, np.ndarray]:
    return {number: computed_fractal(number, 48) for number in NUMBERS}


def test_a_number_is_a_picture(pictures: dict[int, np.ndarray]) -> None:
    for number in (0, 1):
        assert np.array_equal(computed_fractal(number, 48), pictures[number])
    assert len({one.tobytes() for one in pictures.values()}) == len(NUMBERS)
    assert {(one.shape, str(one.dtype)) for one in pictures.values()} == {((48, 48, 3), "uint8")}


def test_it_does_not_depend_on_the_random_numbers_of_others() -> None:
    np.random.seed(1)
    one = computed_fractal(3, 32)
    np.random.seed(2)
    assert np.array_equal(computed_fractal(3, 32), one)


@pytest.mark.parametrize("number", range(6))
def test_at_another_size_it_is_the_same_picture(number: int) -> None:
    small, large = (
        np.asarray(Image.fromarray(computed_fractal(number, side)).resize((12, 12)), float).ravel()
        for side in (48, 96)
    )
    assert np.corrcoef(small, large)[0, 1] > 0.7


def test_each_has_colours_and_structure_of_many_sizes(pictures: dict[int, np.ndarray]) -> None:
    """Beside a photograph's: contrast at every scale, where a plain gradient has it in the coarse alone."""
    for number, pixels in pictures.items():
        coarse = pixels.astype(float)
        contrasts = []
        for _ in range(4):
            contrasts.append(np.abs(np.diff(coarse, axis=1)).mean())
            coarse = coarse.reshape(len(coarse) // 2, 2, len(coarse) // 2, 2, 3).mean((1, 3))
        assert min(contrasts) > 0.8, number
        assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 50, number
    assert np.mean([one.std() for one in pictures.values()]) > 40


def test_it_is_kept_and_mended_and_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINETRUST_CACHE", str(tmp_path / "cache"))
    expected = computed_fractal(2, 64)
    assert np.array_equal(np.asarray(fractal(2, 64)), expected)
    (kept,) = (tmp_path / "cache").rglob("*.npy")
    assert np.array_equal(np.load(kept), expected)
    np.save(kept, 255 - expected)
    assert np.array_equal(np.asarray(fractal(2, 64)), 255 - expected), "it was read"
    kept.write_bytes(kept.read_bytes()[:500])
    assert np.array_equal(np.asarray(fractal(2, 64)), expected)
    assert np.array_equal(np.load(kept), expected)
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("FINETRUST_CACHE", str(tmp_path / "file"))
    assert np.array_equal(np.asarray(fractal(2, 64)), expected)
