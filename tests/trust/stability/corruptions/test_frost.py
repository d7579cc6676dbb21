"""Frost is a piece of a texture, added with the published weights."""

import numpy as np
import pytest
import torch

from finetrust.trust.stability.corruptions.catalogue import corruptions
from finetrust.trust.stability.corruptions.frost_textures import LOOKS, frost_textures


def frosted(shade: float, size: tuple[int, int], severity: int, seeds: range) -> torch.Tensor:
    images = torch.full((len(seeds), 3, *size), float(shade))
    return corruptions.get("frost")(images, severity, torch.tensor(list(seeds)))


@pytest.mark.parametrize("size", [(32, 32), (64, 90), (224, 224), (640, 512), (700, 300)])
def test_on_black_it_shows_a_piece_of_one_of_the_textures(size: tuple[int, int]) -> None:
    small = min(size) < 91
    added = 0.2 if small else 0.4
    textures = frost_textures()[..., 2::5, 2::5] if small else frost_textures()
    period = textures.shape[-1]
    for piece in frosted(0, size, 1, range(3)).numpy() / added:
        # Where the first four pixels are found, the rest must follow.
        distance = sum(
            np.abs(np.roll(textures, -i, axis=-1) - piece[:, 0, i, None, None]).sum(axis=1)
            for i in range(4)
        )
        texture, top, left = np.unravel_index(distance.argmin(), distance.shape)
        rows, columns = top + np.arange(size[0]), left + np.arange(size[1])
        expected = textures[texture][:, rows % period][:, :, columns % period]
        np.testing.assert_allclose(piece, expected, rtol=0, atol=1e-6)


def test_small_pieces_are_what_opencv_shrinks_to_a_fifth() -> None:
    cv2 = pytest.importorskip("cv2")
    for texture in frost_textures():
        shrunk = cv2.resize(texture.transpose(1, 2, 0), (0, 0), fx=0.2, fy=0.2)
        np.testing.assert_allclose(texture[:, 2::5, 2::5], shrunk.transpose(2, 0, 1), atol=1e-6)


@pytest.mark.parametrize("severity", [1, 3, 5])
def test_the_image_keeps_its_published_weight(severity: int) -> None:
    kept = corruptions.get("frost").large[severity - 1][0]
    black, grey = (frosted(shade, (100, 100), severity, range(4)) for shade in (0, 0.2))
    inner = grey < 1
    assert inner.float().mean() > 0.8
    found = (grey - black)[inner]
    torch.testing.assert_close(found, torch.full_like(found, 0.2 * kept), rtol=0, atol=1e-6)


def test_seeds_choose_among_all_textures_and_places() -> None:
    found = frosted(0, (32, 32), 1, range(300))
    assert len({piece.numpy().tobytes() for piece in found}) > 280
    # What sets the textures apart in these pieces is the colour of their shadows.
    hues = (found[:, 2] - found[:, 0]).mean(dim=(1, 2))
    assert hues.max() > 3 * hues.min()


def test_textures_are_bright_ice_on_dark_glass_and_never_change() -> None:
    textures = frost_textures()
    assert textures.shape == (5, 3, 640, 640)
    assert textures.min() >= 0
    assert textures.max() <= 1
    for texture, look in zip(textures, LOOKS, strict=True):
        brightness = texture.mean(axis=0)
        assert 0.35 < brightness.mean() < 0.7
        assert 0.1 < brightness.std() < 0.25
        # Light crystals on dark glass: the distribution leans to the dark side.
        assert np.median(brightness) < brightness.mean() + 0.01
        assert look.light > look.dark
    frost_textures.cache_clear()
    assert np.array_equal(frost_textures(), textures)


def test_textures_go_on_beyond_their_edges() -> None:
    for texture in frost_textures():
        for axis in (1, 2):
            steps = np.abs(np.diff(texture, axis=axis)).mean()
            first, last = texture.take(0, axis=axis), texture.take(-1, axis=axis)
            assert np.abs(first - last).mean() < 1.5 * steps


def test_textures_have_directions_as_crystals_have() -> None:
    """Noise of the same spectrum has no lines: its gradients are spread more evenly."""
    rng = np.random.default_rng(0)
    for texture in frost_textures():
        brightness = texture.mean(axis=0)
        amplitude = np.abs(np.fft.rfft2(brightness))
        phases = np.angle(np.fft.rfft2(rng.normal(size=brightness.shape)))
        noise = np.fft.irfft2(amplitude * np.exp(1j * phases), s=brightness.shape)
        kurtosis = [
            np.mean((step - step.mean()) ** 4) / step.var() ** 2
            for step in (np.diff(brightness, axis=0), np.diff(noise, axis=0))
        ]
        assert kurtosis[0] > 1.2 * kurtosis[1]
