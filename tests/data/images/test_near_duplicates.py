import io
from collections.abc import Callable
from pathlib import Path

import imagehash
import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from data.pictures import jpeg, picture
from finetrust.data.images.image_files import decode
from finetrust.data.images.near_duplicates import near_pairs
from finetrust.data.images.thumbnail import SIDE, thumbnail


def thumbnails(images: list[Image.Image]) -> np.ndarray:
    joined = b"".join(map(thumbnail, images))
    return np.frombuffer(joined, np.uint8).reshape(len(images), SIDE, SIDE)


def scaled(factor: float) -> Callable[[Image.Image], Image.Image]:
    def scale(image: Image.Image) -> Image.Image:
        size = (round(image.width * factor), round(image.height * factor))
        return image.resize(size, Image.Resampling.BICUBIC)

    return scale


def encoded(quality: int) -> Callable[[Image.Image], Image.Image]:
    return lambda image: decode(io.BytesIO(jpeg(image, quality)))


@pytest.fixture(scope="module")
def cifar(shared: Path) -> list[Image.Image]:
    files = sorted((shared / "cifar10").rglob("*.jpg"))[::8]
    return [decode(file) for file in files]


@pytest.mark.parametrize(
    "change",
    [encoded(50), encoded(90), scaled(0.9), scaled(1.1), lambda i: encoded(50)(scaled(0.9)(i))],
    ids=["q50", "q90", "90%", "110%", "90% q50"],
)
def test_copies_of_tiny_images_are_found(cifar: list[Image.Image], change: Callable) -> None:
    n = len(cifar)
    pairs = near_pairs(thumbnails(cifar), thumbnails([change(image) for image in cifar]))
    found = {a for a, b in pairs.tolist() if a == b}
    assert len(found) >= 0.99 * n
    assert len([a for a, b in pairs.tolist() if a != b]) <= 0.005 * n


def test_different_tiny_images_are_hardly_ever_taken_for_copies(cifar: list[Image.Image]) -> None:
    assert len(near_pairs(thumbnails(cifar))) <= 0.001 * len(cifar)


@pytest.fixture(scope="module")
def digits() -> list[Image.Image]:
    pixels = np.round(load_digits().images * (255 / 16)).astype(np.uint8)
    return [Image.fromarray(array).convert("RGB") for array in pixels]


def test_different_digits_are_hardly_ever_taken_for_copies(digits: list[Image.Image]) -> None:
    assert len(near_pairs(thumbnails(digits))) <= 0.001 * len(digits)


def test_copies_of_some_digits_are_found_though_all_are_much_alike(
    digits: list[Image.Image],
) -> None:
    copies = thumbnails([encoded(70)(image) for image in digits[:180]])
    found = {a for a, b in near_pairs(thumbnails(digits), copies).tolist() if a == b}
    assert len(found) >= 0.99 * 180


def test_photos_that_a_known_perceptual_hash_tells_apart_are_told_apart(shared: Path) -> None:
    files = sorted((shared / "bccd" / "JPEGImages").glob("*.jpg"))[:120]
    images = [decode(file) for file in files]
    hashes = [imagehash.phash(image) for image in images]
    ours = {tuple(pair) for pair in near_pairs(thumbnails(images)).tolist()}
    for a in range(len(images)):
        for b in range(a + 1, len(images)):
            if hashes[a] - hashes[b] > 16:
                assert (a, b) not in ours
            if hashes[a] - hashes[b] <= 2:
                assert (a, b) in ours


def test_a_picture_in_grey_in_another_size_is_a_copy() -> None:
    originals = [picture(i, (300, 200)) for i in range(20)]
    copies = [image.convert("L").resize((150, 100)).convert("RGB") for image in originals]
    pairs = near_pairs(thumbnails(originals), thumbnails(copies))
    assert pairs.tolist() == [[i, i] for i in range(20)]


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


def test_many_copies_of_one_picture_end_in_good_time() -> None:
    noise = np.random.default_rng(0).integers(0, 3, (20_000, 16, 16), dtype=np.uint8)
    same = np.frombuffer(thumbnail(picture(0)), np.uint8).reshape(16, 16) // 2 + noise
    pairs = near_pairs(same)
    assert len(np.unique(pairs)) > 19_000
    assert len(pairs) < 20_000 * 64 * 12
