"""Small folders of images and masks."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from data.pictures import jpeg, picture, write


def mask_of(
    seed: int, values: Sequence[int] = (0, 1, 2), size: tuple[int, int] = (48, 40)
) -> np.ndarray:
    """Return a mask (h, w) of rectangles that shows all the values."""
    rng = np.random.default_rng(seed)
    small = rng.choice(np.array(values, np.uint8), (5, 6))
    small.flat[: len(values)] = values
    return np.asarray(Image.fromarray(small).resize(size, Image.Resampling.NEAREST))


def save_mask(path: Path, mask: np.ndarray, palette: Sequence[int] = ()) -> Path:
    """Write a mask as PNG: class indices (h, w), under a palette if one is given, or colours."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(mask)
    if palette:
        image = image.convert("P")
        image.putdata(mask.ravel().tolist())
        image.putpalette(list(palette))
    image.save(path)
    return path


def pair(root: Path, name: str, mask: np.ndarray, seed: int = 0, **folders: str) -> None:
    """Write an image and its mask of the same name."""
    size = (mask.shape[1], mask.shape[0])
    write(root / folders.get("images", "images") / f"{name}.jpg", jpeg(picture(seed, size)))
    save_mask(root / folders.get("masks", "masks") / f"{name}.png", mask)


def mask_folder(root: Path, counts: Mapping[str, int] | int = 3) -> Path:
    """Write so many images with masks, in each split if splits are given; return `root`."""
    seed = 0
    for split, n in ({"": counts} if isinstance(counts, int) else counts).items():
        for number in range(n):
            pair(root / split, f"{number:02d}", mask_of(seed), seed)
            seed += 1
    return root


def coloured_folder(root: Path, n: int = 24, size: tuple[int, int] = (96, 64)) -> Path:
    """Write images whose colours are their classes, with noise; return `root`."""
    colours = np.array([[20, 20, 20], [230, 60, 60], [60, 230, 230]])
    rng = np.random.default_rng(0)
    for number in range(n):
        mask = mask_of(number, size=size)
        save_mask(root / "masks" / f"{number:02d}.png", mask)
        pixels = colours[mask] + rng.normal(0, 12, (*mask.shape, 3))
        image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
        write(root / "images" / f"{number:02d}.jpg", jpeg(image, quality=95))
    return root
