"""Inputs that are made from familiar ones: unlike them, of their size, and always the same."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from finetrust.data.dataset import Dataset
from finetrust.data.texts.text_inputs import Texts
from finetrust.data.texts.text_kind import TEXTS
from finetrust.trust.stability.ood.made import made, made_sets

from ...pixels import dataset_of

NAMES = {
    kind: [name for name, one in made_sets.items() if one.kind == kind]
    for kind in ("image", "text")
}
SENTENCES = ["Where is my parcel, please?", "Book a table for 4 people", "What time is it in Rome"]


def images(shape: tuple[int, int] = (24, 36), n: int = 8) -> Dataset:
    """Smooth gradients in two colours, no two alike."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[: shape[0], : shape[1]]
    ramps = (x / shape[1] + y / shape[0])[None, ..., None] * rng.uniform(60, 127, (n, 1, 1, 3))
    return dataset_of(ramps.astype(np.uint8), np.arange(n) % 2, ("ant", "bee"))


def texts(sentences: list[str] = SENTENCES, pairs: list[str] | None = None) -> Dataset:
    n = len(sentences)
    return Dataset(
        "texts",
        tuple(map(str, range(n))),
        Texts(sentences, pairs),
        np.zeros(n, np.int64),
        ("a", "b"),
        np.full(n, "test"),
        kind=TEXTS,
    )


def test_every_kind_has_far_sets_and_sets_to_choose_by():
    for kind, names in NAMES.items():
        roles = [made_sets.get(name).role for name in names]
        assert {"far", "choice"} == set(roles), kind
        assert roles.count("far") >= 2


@pytest.mark.parametrize("shape", [(24, 36), (32, 32), (3, 5), (1, 1)])
@pytest.mark.parametrize("name", NAMES["image"])
def test_images_have_the_size_of_familiar_ones(name: str, shape: tuple[int, int]):
    found = made(name, images(shape), seed=0)
    assert len(found) == 8
    for row in range(8):
        value = found.inputs[row]
        assert value.mode == "RGB"
        assert value.size == (shape[1], shape[0])


@pytest.mark.parametrize("name", NAMES["image"])
def test_images_are_the_same_whenever_they_are_read_and_others_under_another_seed(name: str):
    familiar = images()
    one, again, other = (made(name, familiar, seed) for seed in (0, 0, 1))
    for row in (5, 0):
        assert one.inputs[row].tobytes() == again.inputs[row].tobytes()
        assert one.inputs[row].tobytes() != familiar.inputs[row].tobytes()
    assert any(one.inputs[r].tobytes() != other.inputs[r].tobytes() for r in range(8))
    assert len(set(one.ids)) == 8
    assert not set(one.ids) & set(familiar.ids)


def test_an_item_is_made_alike_whichever_others_are_made_with_it():
    familiar = images()
    whole, part = (made("textures", one, 3) for one in (familiar, familiar.take([6, 2])))
    assert whole.inputs[6].tobytes() == part.inputs[0].tobytes()


def test_noise_has_the_stated_distribution():
    big = images((200, 200), n=1)
    uniform = np.asarray(made("uniform_noise", big, 0).inputs[0]) / 255
    assert uniform.mean() == pytest.approx(0.5, abs=0.01)
    assert uniform.std() == pytest.approx(1 / np.sqrt(12), abs=0.01)
    gaussian = np.asarray(made("gaussian_noise", big, 0).inputs[0]) / 255
    assert gaussian.mean() == pytest.approx(0.5, abs=0.01)
    # Clipped at two standard deviations.
    assert gaussian.std() == pytest.approx(0.25, abs=0.02)
    assert np.ptp(np.asarray(made("constant_colours", big, 0).inputs[0]), axis=(0, 1)).max() == 0


def test_a_jigsaw_has_all_pixels_of_its_image_elsewhere():
    familiar = images((32, 32))
    found = made("jigsaw", familiar, 0)
    for row in range(8):
        was, is_now = (np.asarray(one.inputs[row]).reshape(-1, 3) for one in (familiar, found))
        assert not np.array_equal(was, is_now)
        np.testing.assert_array_equal(np.sort(was, axis=0), np.sort(is_now, axis=0))


def test_a_blend_is_half_of_another_image():
    pixels = np.zeros((2, 8, 8, 3), np.uint8)
    pixels[1] = 200
    found = made("blend", dataset_of(pixels, [0, 1], ("ant", "bee")), 0)
    assert {int(np.asarray(found.inputs[row]).mean()) for row in (0, 1)} == {100}


def test_digits_are_left_out_where_the_model_is_about_digits():
    unfit = made_sets.get("digits").unfit
    assert unfit(images()) == ""
    assert "digits" in unfit(replace(images(), classes=tuple("0123456789")))
    assert unfit(replace(images(), classes=("0", "1"))) == ""


def test_a_digit_is_drawn_as_large_as_the_image():
    found = np.asarray(made("digits", images((64, 64)), 0).inputs[0])
    assert found.max() > 200
    assert found.min() < 20
    np.testing.assert_array_equal(found[..., 0], found[..., 2])


@pytest.mark.parametrize("name", NAMES["text"])
def test_texts_are_changed_and_always_alike(name: str):
    familiar = texts()
    one, again = (made(name, familiar, 0) for _ in range(2))
    for row, sentence in enumerate(SENTENCES):
        assert one.inputs[row] == again.inputs[row]
        assert one.inputs[row] != sentence
        assert one.inputs[row].strip()
        assert len(one.inputs[row].split()) == len(sentence.split())


@pytest.mark.parametrize("name", NAMES["text"])
def test_of_a_pair_both_texts_are_changed(name: str):
    second = ["no words are shared", "none of them here", "all quite different ones"]
    found = made(name, texts(SENTENCES, second), 0).inputs[0]
    assert isinstance(found, tuple)
    assert len(found) == 2
    assert found[0] != SENTENCES[0]
    assert found[1] != second[0]


def test_another_script_is_cyrillic_and_keeps_words_apart_and_numbers():
    assert made("cyrillic", texts(["abc 12"]), 0).inputs[0] == "абв 12"
    unfit = made_sets.get("cyrillic").unfit
    assert unfit(texts()) == ""
    assert unfit(texts(["где моя посылка", "что"])) == "the texts are not in Latin letters"
    assert unfit(texts(["123", "456"])) == "the texts are not in Latin letters"


def test_shuffled_words_keep_their_letters_and_spliced_ones_come_from_two_texts():
    shuffled = made("shuffled_letters", texts(), 0).inputs[0]
    assert [sorted(w) for w in shuffled.split()] == [sorted(w) for w in SENTENCES[0].split()]
    spliced = made("spliced", texts(), 0).inputs[1].split()
    assert spliced[::2] == SENTENCES[1].split()[::2]
    others = {word for i in (0, 2) for word in SENTENCES[i].split()}
    assert set(spliced[1::2]) <= others


def test_one_familiar_item_is_enough():
    single = images(n=1)
    for name in NAMES["image"]:
        assert isinstance(made(name, single, 0).inputs[0], Image.Image)
    for name in NAMES["text"]:
        assert made(name, texts(["one word more"]), 0).inputs[0]
