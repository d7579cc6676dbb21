import numpy as np
import pytest

from data.images.changes import cropped, thumbnails
from data.pictures import picture
from finetrust.data.images.tangents import TURNS, describe, tangents, turn, turn_picture

PICTURES = [picture(i, (120, 120)) for i in range(40)]


@pytest.mark.parametrize("way", TURNS)
def test_to_turn_a_descriptor_is_to_describe_the_turned_picture(
    way: tuple[bool, bool, bool],
) -> None:
    some = thumbnails(PICTURES)
    assert turn(describe(some), way) == pytest.approx(describe(turn_picture(some, way)), abs=1e-4)


def test_bases_are_orthonormal_and_begin_with_the_descriptor() -> None:
    bases = tangents(thumbnails(PICTURES))
    assert bases @ bases.transpose(0, 2, 1) == pytest.approx(
        np.broadcast_to(np.eye(5), (40, 5, 5)), abs=1e-4
    )
    assert bases[:, 0] == pytest.approx(describe(thumbnails(PICTURES)), abs=1e-6)


def test_a_slight_crop_lies_nearly_in_the_space_and_another_picture_does_not() -> None:
    bases = tangents(thumbnails(PICTURES))
    crops = describe(thumbnails([cropped(0.04, 0, 0.02, 0.03)(p) for p in PICTURES]))
    inside = (np.einsum("nij,nj->ni", bases, crops) ** 2).sum(axis=1)
    others = (np.einsum("nij,nj->ni", bases, np.roll(crops, 1, axis=0)) ** 2).sum(axis=1)
    assert inside.min() > 0.9
    assert np.median(others) < 0.4


def test_a_picture_without_structure_has_no_descriptor() -> None:
    assert not describe(np.full((1, 24, 24), 99, np.uint8)).any()
