"""Copies are found however they were changed, and what is no copy is left alone."""

from collections.abc import Sequence
from pathlib import Path

import imagehash
import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from data.images.changes import changes, encoded, thumbnails
from data.pictures import picture
from finetrust.data.images.image_files import decode
from finetrust.data.images.near_duplicates import near_pairs
from finetrust.data.images.thumbnail import thumbnail

NAMES = tuple(changes())


def opened(files: Sequence[Path]) -> list[Image.Image]:
    return [decode(file) for file in files]


@pytest.fixture(scope="module")
def cifar(shared: Path) -> list[Image.Image]:
    return opened(sorted((shared / "cifar10").rglob("*.jpg"))[::4])


@pytest.fixture(scope="module")
def photos(shared: Path) -> list[Image.Image]:
    return opened(sorted((shared / "hymenoptera").rglob("*.jpg")))


def share_found(images: list[Image.Image], copied: slice, name: str) -> float:
    """Return the share of the images that are found by copies changed so, and check all others."""
    change = changes()[name]
    sources = range(len(images))[copied]
    copies = thumbnails([change(images[i]) for i in sources])
    originals = thumbnails(images)
    known = {tuple(sorted(pair)) for pair in near_pairs(originals).tolist()}
    pairs = [(sources[a], b) for a, b in near_pairs(copies, originals).tolist()]
    assert all(tuple(sorted(pair)) in known for pair in pairs if pair[0] != pair[1])
    return len({a for a, b in pairs if a == b}) / len(sources)


@pytest.mark.parametrize("name", NAMES)
def test_copies_of_tiny_images_are_found(cifar: list[Image.Image], name: str) -> None:
    assert share_found(cifar, slice(0, None, 20), name) >= 0.95


@pytest.mark.parametrize("name", ["jpeg 30", "half size", "mirrored", "cropped", "brightness"])
def test_copies_of_photos_are_found(photos: list[Image.Image], name: str) -> None:
    assert share_found(photos, slice(0, None, 8), name) >= 0.95


@pytest.mark.parametrize("name", ["jpeg 30", "turned", "cropped"])
def test_copies_of_blood_smears_are_found_though_all_are_alike(shared: Path, name: str) -> None:
    smears = opened(sorted((shared / "bccd" / "JPEGImages").glob("*.jpg"))[:120])
    assert share_found(smears, slice(0, None, 4), name) >= 0.95


def test_leaked_test_images_are_found_and_no_others(cifar: list[Image.Image]) -> None:
    every = list(changes(1).values())
    judged, training = cifar[:500], cifar[500:]
    clean = near_pairs(thumbnails(judged), thumbnails(training))
    truly = set(clean[:, 0].tolist())
    leaked = range(0, 500, 10)
    copies = [every[i % len(every)](judged[row]) for i, row in enumerate(leaked)]
    found = near_pairs(thumbnails(judged), thumbnails([*training, *copies]))
    told = set(found[:, 0].tolist())
    assert len(told & set(leaked)) >= 0.95 * len(leaked)
    assert told - set(leaked) <= truly


def test_tiny_images_that_are_no_copies_are_left_alone(cifar: list[Image.Image]) -> None:
    # There are 10 pairs among these 2,000 images that are the same picture to the eye.
    assert len(near_pairs(thumbnails(cifar))) <= 10


def test_photos_that_are_all_different_have_no_copies(photos: list[Image.Image]) -> None:
    assert len(near_pairs(thumbnails(photos))) == 0


@pytest.fixture(scope="module")
def digits() -> list[Image.Image]:
    pixels = np.round(load_digits().images * (255 / 16)).astype(np.uint8)
    return [Image.fromarray(array).convert("RGB") for array in pixels]


def test_different_digits_are_hardly_ever_taken_for_copies(digits: list[Image.Image]) -> None:
    assert len(near_pairs(thumbnails(digits))) <= 0.001 * len(digits)


@pytest.mark.parametrize("name", ["jpeg 95", "mirrored", "double size"])
def test_copies_of_some_digits_are_found_though_all_are_much_alike(
    digits: list[Image.Image], name: str
) -> None:
    copies = thumbnails([changes()[name](image) for image in digits[:180]])
    found = {a for a, b in near_pairs(thumbnails(digits), copies).tolist() if a == b}
    assert len(found) >= 0.95 * 180


def test_photos_that_a_known_perceptual_hash_tells_apart_are_told_apart(shared: Path) -> None:
    images = opened(sorted((shared / "bccd" / "JPEGImages").glob("*.jpg"))[:120])
    hashes = [imagehash.phash(image) for image in images]
    ours = {tuple(pair) for pair in near_pairs(thumbnails(images)).tolist()}
    for a in range(len(images)):
        for b in range(a + 1, len(images)):
            if hashes[a] - hashes[b] > 24:
                assert (a, b) not in ours
            if hashes[a] - hashes[b] <= 2:
                assert (a, b) in ours


def test_a_picture_in_grey_in_another_size_is_a_copy() -> None:
    originals = [picture(i, (300, 200)) for i in range(20)]
    copies = [image.convert("L").resize((150, 100)).convert("RGB") for image in originals]
    pairs = near_pairs(thumbnails(originals), thumbnails(copies))
    assert pairs.tolist() == [[i, i] for i in range(20)]


def test_which_set_is_the_larger_does_not_matter() -> None:
    some = thumbnails([picture(i) for i in range(30)])
    few = thumbnails([encoded(60)(picture(i)) for i in (3, 20)])
    assert near_pairs(some, few).tolist() == [[3, 0], [20, 1]]
    assert near_pairs(few, some).tolist() == [[0, 3], [1, 20]]


def test_pictures_of_one_colour_are_no_copies_of_one_another() -> None:
    plain = [Image.new("RGB", (20, 20), (shade, 0, 0)) for shade in range(10, 60)]
    assert len(near_pairs(thumbnails(plain))) == 0


def test_pairs_within_one_set_are_ordered_and_listed_once() -> None:
    images = [picture(0), picture(1), encoded(80)(picture(0)), encoded(60)(picture(0))]
    assert near_pairs(thumbnails(images)).tolist() == [[0, 2], [0, 3], [2, 3]]


@pytest.mark.parametrize("n", [0, 1])
def test_with_hardly_any_pictures_there_are_no_pairs(n: int) -> None:
    some = thumbnails([picture(i) for i in range(n)])
    assert near_pairs(some).shape == (0, 2)
    assert near_pairs(some, thumbnails([picture(9)])).shape == (0, 2)
    assert near_pairs(thumbnails([picture(9)]), some).shape == (0, 2)


def test_many_copies_of_one_picture_end_in_good_time() -> None:
    shape = (4_000, 24, 24)
    noise = np.random.default_rng(0).integers(0, 3, shape, dtype=np.uint8)
    same = np.frombuffer(thumbnail(picture(0)), np.uint8).reshape(shape[1:]) // 2 + noise
    pairs = near_pairs(same)
    assert len(np.unique(pairs)) > 0.95 * len(same)
    assert len(pairs) < 5 * len(same)
