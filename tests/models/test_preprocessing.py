import json

import numpy as np
import pytest
import timm
import torch
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms import InterpolationMode, v2

from finetrust.models.preprocessing import Preprocessing
from finetrust.models.source import sources

IMAGENET = Preprocessing(224, 256, "bilinear", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
MODELS = [
    ("resnet50", "IMAGENET1K_V1"),
    ("resnet50", "IMAGENET1K_V2"),
    ("efficientnet_b0", "IMAGENET1K_V1"),
    ("efficientnet_b1", "IMAGENET1K_V2"),
    ("inception_v3", "IMAGENET1K_V1"),
    ("vit_b_16", "IMAGENET1K_SWAG_E2E_V1"),
    ("swin_v2_t", "IMAGENET1K_V1"),
]
TIMM = [
    "efficientvit_b0.r224_in1k",
    "ghostnet_050",
    "mobilenetv3_small_050.lamb_in1k",
    "mobilevit_xxs.cvnets_in1k",
    "test_resnet.r160_in1k",
    "test_vit.r160_in1k",
    "tinynet_e.in1k",
]


def picture(width, height, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def preprocessing_of(name, tag):
    """What finetrust takes over for one of torchvision's weights, recognised by their digest."""
    weights = torchvision.models.get_model_weights(name)[tag]
    source = sources.get("torchvision")
    with torch.device("meta"):
        built = source.build(name, "random", {})
    digest = weights.url.rpartition("-")[2].removesuffix(".pth")
    return source.describe(built, "file.pth", digest).preprocessing, weights.transforms()


@pytest.mark.parametrize(("name", "tag"), MODELS)
@pytest.mark.parametrize("size", [(500, 375), (31, 97)])
def test_pixels_equal_those_of_torchvisions_weights_bit_for_bit(name, tag, size):
    ours, theirs = preprocessing_of(name, tag)
    image = picture(*size)
    normalised = ours.normaliser()(ours.transform()(image)[None])[0]
    torch.testing.assert_close(normalised, theirs(image), rtol=0, atol=1e-6)
    theirs.mean, theirs.std = [0, 0, 0], [1, 1, 1]
    assert torch.equal(ours.transform()(image), (theirs(image) * 255).round().to(torch.uint8))


@pytest.mark.parametrize("name", TIMM)
@pytest.mark.parametrize("size", [(500, 375), (31, 97)])
def test_pixels_equal_those_of_timms_weights(name, size):
    built = sources.get("timm").build(name, "random", {})
    ours, config = built.preprocessing, timm.data.resolve_data_config({}, model=built.module)
    image = picture(*size)
    normalised = ours.normaliser()(ours.transform()(image)[None])[0]
    theirs = timm.data.create_transform(**config)(image)
    torch.testing.assert_close(normalised, theirs, rtol=0, atol=1e-6)


@pytest.mark.parametrize("size", [(500, 375), (31, 97), (384, 384)])
def test_pixels_equal_those_of_weights_for_which_timm_squashes(size):
    with torch.device("meta"):
        built = sources.get("timm").build("convnext_tiny.fb_in22k_ft_in1k_384", "random", {})
    theirs = timm.data.create_transform(**timm.data.resolve_data_config({}, model=built.module))
    ours, image = built.preprocessing, picture(*size)
    assert ours.squash
    normalised = ours.normaliser()(ours.transform()(image)[None])[0]
    torch.testing.assert_close(normalised, theirs(image), rtol=0, atol=1e-6)


@given(
    width=st.integers(1, 90),
    height=st.integers(1, 90),
    resize=st.integers(20, 40),
    interpolation=st.sampled_from(["nearest", "bilinear", "bicubic", "lanczos"]),
)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_any_image_becomes_what_torchvisions_steps_make_of_it(width, height, resize, interpolation):
    ours = Preprocessing(20, resize, interpolation, (0.5,) * 3, (0.5,) * 3)
    steps = [v2.Resize(resize, InterpolationMode(interpolation), antialias=True), v2.CenterCrop(20)]
    image = picture(width, height)
    expected = v2.Compose([*steps, v2.PILToTensor()])(image)
    assert torch.equal(ours.transform()(image), expected)


def test_another_input_size_keeps_the_ratio_of_resize_and_crop():
    smaller = IMAGENET.overridden(input_size=112)
    assert (smaller.input_size, smaller.resize) == (112, 128)
    assert (smaller.mean, smaller.interpolation) == (IMAGENET.mean, "bilinear")


def test_what_is_not_given_is_not_overridden():
    assert IMAGENET.overridden() == IMAGENET


def test_what_is_given_is_overridden():
    changed = IMAGENET.overridden(64, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), "bicubic")
    assert changed == Preprocessing(64, 73, "bicubic", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def test_preprocessing_survives_json():
    assert Preprocessing.from_dict(json.loads(json.dumps(IMAGENET.to_dict()))) == IMAGENET


@pytest.mark.parametrize("augment", ["crop", "crop-flip", "trivialaugment"])
def test_augmented_images_vary_in_the_shape_and_dtype_of_the_plain_ones(augment):
    transform = IMAGENET.overridden(32).augmented(augment)
    first, second = transform(picture(60, 50)), transform(picture(60, 50))
    assert first.shape == second.shape == (3, 32, 32)
    assert first.dtype == second.dtype == torch.uint8
    assert not torch.equal(first, second)


def test_no_augmentation_is_the_plain_transform():
    plain = IMAGENET.overridden(32)
    image = picture(60, 50)
    assert torch.equal(plain.augmented("none")(image), plain.transform()(image))


def test_a_flip_mirrors_half_of_the_images_and_a_crop_none():
    left_dark = Image.fromarray(
        np.tile(np.linspace(0, 255, 64).astype(np.uint8)[:, None], (64, 1, 3))
    )

    def mirrored(augment):
        transform = IMAGENET.overridden(32).augmented(augment)
        rows = [transform(left_dark)[0, 16].int() for _ in range(20)]
        return sum(bool(row[0] > row[-1]) for row in rows)

    assert mirrored("crop") == 0
    assert 0 < mirrored("flip") < 20
    assert 0 < mirrored("crop-flip") < 20


def test_a_flip_alone_shows_all_that_an_evaluation_sees():
    plain = IMAGENET.overridden(32)
    image, flipped = picture(60, 50), plain.augmented("flip")
    whole = plain.transform()(image)
    for _ in range(8):
        found = flipped(image)
        assert torch.equal(found, whole) or torch.equal(found, whole.flip(-1))
