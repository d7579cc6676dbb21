"""Images per second of every corruption: in batches, and one image at a time as published.

    python benchmarks/corruptions.py [--photos ../shared/data/hymenoptera] [--only shot_noise pixelate]

Both ways run on one core; what counts is processor time, so that other work on the machine does
not. The published way is the NumPy, SciPy, OpenCV and Pillow of the references under ``tests/``
with the random numbers that it used (``np.random.RandomState``), from an opened picture to a float
array in [0, 1]. The batched way starts from the float tensor that an evaluation makes once for all
types and severities, and ends with the one that the network takes. Prints a Markdown table.
"""

import argparse
import inspect
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import cv2
import numpy as np
import torch
from PIL import Image
from tests.trust.stability.corruptions import published
from tests.trust.stability.corruptions import reference_blur_weather as blur_weather
from tests.trust.stability.corruptions import reference_noise_digital as noise_digital

from finetrust.trust.stability.corruptions.catalogue import Corruption, corruptions
from finetrust.trust.stability.corruptions.frost_textures import frost_textures

BATCHES = {32: 256, 224: 16}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, help="a folder of JPEG files (else noise of 1 / f)")
    parser.add_argument("--only", nargs="+", choices=corruptions.names(), metavar="TYPE")
    parser.add_argument("--sizes", nargs="+", type=int, choices=list(BATCHES), default=[32, 224])
    parser.add_argument("--severity", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    print("| type | size | one at a time, images/s | in batches, images/s | ratio |")
    print("|---|---|---|---|---|")
    for name in options.only or corruptions.names():
        for size in options.sizes:
            images = pictures(options.photos, size, BATCHES[size])
            one = rate_of_published(name, images, options.severity)
            many = rate_of_batches(corruptions.get(name), images, options.severity)
            print(f"| {name} | {size} | {one:,.0f} | {many:,.0f} | {many / one:.1f} |", flush=True)


def pictures(photos: Path | None, size: int, n: int) -> np.ndarray:
    """Return 8-bit images (n, size, size, 3)."""
    if photos is None:
        return clouds(size, n)
    files = sorted(photos.rglob("*.jpg"))[:n]
    opened = [Image.open(file).convert("RGB").resize((size, size)) for file in files]
    return np.resize(np.stack([np.asarray(image) for image in opened]), (n, size, size, 3))


def clouds(size: int, n: int) -> np.ndarray:
    """Return images whose spectrum falls as that of photos."""
    noise = np.random.default_rng(0).normal(size=(n, size, size, 3))
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(size), np.fft.fftfreq(size)))
    fall = 1 / np.maximum(frequency, 1 / size)[..., None]
    shades = np.fft.ifft2(np.fft.fft2(noise, axes=(1, 2)) * fall, axes=(1, 2)).real
    shades = 0.7 * shades.mean(axis=3, keepdims=True) + 0.3 * shades
    return np.uint8(np.clip(128 + 56 * shades / shades.std(), 0, 255))


def rate_of_published(name: str, images: np.ndarray, severity: int) -> float:
    opened = [Image.fromarray(image) for image in images]
    run = way_of_publication(name, images.shape[1], severity)

    def some() -> int:
        # As many images as a tenth of a second has room for, at least two.
        start, done = time.process_time(), 0
        while done < 2 or (time.process_time() - start < 0.1 and done < len(opened)):
            run(opened[done])
            done += 1
        return done

    return rate(some)


def rate_of_batches(corruption: Corruption, images: np.ndarray, severity: int) -> float:
    batch = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous().float() / 255
    seeds = torch.arange(len(images))

    def whole() -> int:
        corruption(batch, severity, seeds)
        return len(images)

    return rate(whole)


def rate(run: Callable[[], int], times: int = 7) -> float:
    """Return how many images a second `run` does, the best of some runs after a first one."""
    run()
    rates = []
    for _ in range(times):
        start = time.process_time()
        done = run()
        rates.append(done / (time.process_time() - start))
    return max(rates)


def way_of_publication(name: str, size: int, severity: int) -> Callable[[Image.Image], object]:
    """Return the published corruption of one opened image."""
    draws = np.random.default_rng(0)
    if name == "frost":
        photographs = frost_textures().transpose(0, 2, 3, 1)
        return lambda image: blur_weather.frost(
            floats(image),
            blur_weather.parameter(name, severity, floats(image)),
            photographs,
            draws,
        )
    if name in blur_weather.CIFAR_C:
        return lambda image: blur_weather.corrupt(name, floats(image), severity, draws)
    tables = [m for m in (published, noise_digital) if name in m.CIFAR_C]
    given = (tables[0].CIFAR_C if size < 91 else tables[0].IMAGENET_C)[name][severity - 1]
    if name in ON_PICTURES:
        return lambda image: floats(ON_PICTURES[name](image, given))
    function = {"defocus_blur": defocus_blur, "brightness": brightness}.get(name)
    function = function or getattr(tables[0], name)
    if "rng" in inspect.signature(function).parameters:
        state: Any = np.random.RandomState(0)
        return lambda image: function(floats(image), given, state)
    return lambda image: function(floats(image), given)


def floats(image: Image.Image) -> np.ndarray:
    return np.asarray(image) / 255


def defocus_blur(image: np.ndarray, parameter: tuple[float, float]) -> np.ndarray:
    """As published by OpenCV, where the reference of the tests is SciPy's slower one."""
    kernel = published.disk(*parameter)
    return np.clip(np.dstack([cv2.filter2D(image[..., c], -1, kernel) for c in range(3)]), 0, 1)


def brightness(image: np.ndarray, shift: float) -> np.ndarray:
    """As published on whole arrays, where the reference of the tests goes pixel by pixel."""
    hsv = noise_digital.hsv_of(image)
    hsv[..., 2] = np.clip(hsv[..., 2] + shift, 0, 1)
    return np.clip(noise_digital.rgb_of(hsv), 0, 1)


ON_PICTURES: dict[str, Callable[[Image.Image, Any], Image.Image]] = {
    "pixelate": noise_digital.pixelated,
    "jpeg_compression": noise_digital.compressed,
}

if __name__ == "__main__":
    main()
