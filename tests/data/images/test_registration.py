import numpy as np
import pytest

from data.images.changes import cropped, thumbnails
from data.pictures import picture
from finetrust.data.images.registration import likeness, likeness_unmoved

PICTURES = [picture(i, (200, 160)) for i in range(30)]


def test_a_picture_is_like_itself_in_any_light() -> None:
    whole = thumbnails(PICTURES)
    darker = (whole // 2 + 20).astype(np.uint8)
    assert likeness(whole, darker) == pytest.approx(1, abs=0.01)
    assert likeness_unmoved(whole, darker) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("sides", [(0.1, 0, 0, 0), (0, 0.08, 0.06, 0), (0.08, 0.08, 0.08, 0.08)])
def test_a_crop_is_laid_over_its_original(sides: tuple[float, ...]) -> None:
    whole, parts = thumbnails(PICTURES), thumbnails([cropped(*sides)(p) for p in PICTURES])
    assert np.quantile(likeness(whole, parts), 0.1) > 0.95
    assert np.quantile(likeness(parts, whole), 0.1) > 0.95
    assert np.median(likeness_unmoved(whole, parts)) < 0.9


def test_different_pictures_are_not_alike_once_registered() -> None:
    whole = thumbnails(PICTURES)
    assert likeness(whole, np.roll(whole, 1, axis=0)).max() < 0.8


def test_no_pairs_and_pictures_without_structure_have_figures() -> None:
    plain = np.full((2, 24, 24), 7, np.uint8)
    assert likeness(plain[:0], plain[:0]).shape == (0,)
    assert np.abs(likeness(plain, plain)).max() < 0.1
