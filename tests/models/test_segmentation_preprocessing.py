import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor, nn

from finetrust.models.network import Network, as_they_are
from finetrust.models.segmentation_preprocessing import Windows, middle, window_starts

WINDOWS = Windows(64, 64, "bilinear", (0.4, 0.5, 0.6), (0.2, 0.2, 0.2))


def picture(width: int, height: int) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def network() -> Network:
    """Return a network whose logits depend on single places of 4 x 4 pixels."""
    backbone = nn.Conv2d(3, 6, 4, 4)
    return Network(
        backbone, nn.Conv2d(6, 3, 1), WINDOWS, features_of=as_they_are, around=WINDOWS.around
    ).eval()


multiples = st.integers(1, 12).map(lambda n: 32 * n)


@given(multiples, multiples, multiples, multiples)
def test_windows_cover_the_image_and_overlap(h: int, w: int, wh: int, ww: int) -> None:
    h, w = max(h, wh), max(w, ww)
    seen = np.zeros((h // 32, w // 32), int)
    for y, x in window_starts((h, w), (wh, ww)):
        assert y % 32 == x % 32 == 0
        assert y + wh <= h
        assert x + ww <= w
        seen[y // 32 : (y + wh) // 32, x // 32 : (x + ww) // 32] += 1
    assert (seen > 0).all()
    if (h, w) == (wh, ww):
        assert seen.max() == 1


def test_an_image_is_filled_up_and_not_scaled() -> None:
    image = picture(100, 50)
    prepared = WINDOWS.transform()(image)
    assert prepared.shape == (3, 64, 128)
    assert torch.equal(prepared[:, :50, :100], torch.from_numpy(np.array(image)).permute(2, 0, 1))
    assert prepared[:, 60, 120].tolist() == [102, 128, 153]
    assert isinstance(WINDOWS.collate([prepared, prepared[:, :, :64]]), list)


def test_an_image_of_one_window_gives_what_a_single_pass_gives() -> None:
    net, image = network(), WINDOWS.transform()(picture(64, 64))
    (found,) = net([image])
    torch.testing.assert_close(found, net(image[None])[0])


def test_a_network_of_single_places_sees_the_same_through_any_windows() -> None:
    net, image = network(), WINDOWS.transform()(picture(150, 90))
    (found,) = net([image])
    whole = net.head(net.backbone(net.normalise(image[None])))[0]
    assert found.shape == (3, 96 // 4, 160 // 4)
    torch.testing.assert_close(found, whole, rtol=1e-4, atol=1e-5)


def test_where_windows_overlap_the_logits_are_averaged() -> None:
    def compute(cuts: Tensor) -> Tensor:
        return cuts.float()[:, :1, ::4, ::4].mean((2, 3), keepdim=True).expand(-1, 1, 16, 16)

    image = torch.zeros(3, 64, 96)
    image[:, :, 64:] = 6
    (found,) = WINDOWS.around(compute, [image])
    # Windows start at 0 (mean 0) and 32 (mean 3).
    np.testing.assert_allclose(found[0, 0], [0] * 8 + [1.5] * 8 + [3] * 8)


def test_in_training_the_network_takes_cuts_of_one_window() -> None:
    net = network().train()
    assert net(torch.zeros(2, 3, 64, 64, dtype=torch.uint8)).shape == (2, 3, 16, 16)


def test_what_nothing_random_has_cut_is_seen_in_its_middle() -> None:
    net, image = network(), WINDOWS.transform()(picture(128, 96))
    found = net.features([image, image[:, :64, :64]])
    expected = net.features(torch.stack([middle(image, (64, 64)), image[:, :64, :64]]))
    assert torch.equal(found, expected)


@pytest.mark.parametrize("size", [(64, 64), (96, 160)])
def test_the_middle_is_as_large_as_a_window(size: tuple[int, int]) -> None:
    mask = torch.arange(size[0] * size[1]).reshape(size)
    assert middle(mask, (64, 64)).shape == (64, 64)
    top, left = (size[0] - 64) // 2, (size[1] - 64) // 2
    assert middle(mask, (64, 64))[0, 0] == mask[top, left]


def test_windows_come_back_from_json(tmp_path) -> None:  # type: ignore[no-untyped-def]
    from finetrust.models.letterbox import Letterbox
    from finetrust.tasks.segmentation import Segmentation

    load = Segmentation().load_preprocessing
    assert load(WINDOWS.save(tmp_path), tmp_path) == WINDOWS
    letterbox = Letterbox(64, 96, "bilinear", (0.4, 0.5, 0.6), (0.2, 0.2, 0.2))
    found = load(letterbox.save(tmp_path), tmp_path)
    assert found == letterbox
    assert type(found) is Letterbox
