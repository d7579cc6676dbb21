"""JPEG compression of batches: all the loss of a JPEG file without the file.

The baseline process of ITU-T T.81 with the choices of libjpeg: colours as Y, Cb and Cr, chroma
at half the resolution (4:2:0), blocks of 8 x 8 under the cosine transform, the example tables of
annex K scaled by the quality, and on the way back chroma enlarged by a triangle filter. The code
of a JPEG file (Huffman) loses nothing and is left out.

Sums of products are exact: factors are whole numbers so small that float32 holds every sum. So
the result does not depend on the order in which a device adds, and rounding to the quantisation
table is the same in any batch.
"""

from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from finetrust.trust.stability.corruptions.catalogue import corruption
from finetrust.trust.stability.corruptions.parts import in_parts

# Annex K of ITU-T T.81, tables K.1 and K.2.
LUMINANCE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
CHROMINANCE = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *((99,) * 8,) * 4,
)
# Bits after the point of the cosines, in each of the four passes, and of a value between two:
# the norm of 64 values is at most 2**10 on the way to the coefficients and, as these are rounded
# to steps of at most 255, 2**11 on the way back; a sum has to stay below 2**24.
FIRST_BITS, SECOND_BITS, THIRD_BITS, FOURTH_BITS, BETWEEN_BITS = 13, 12, 13, 11, 2
# Bits after the point of a coefficient before it is quantised.
COEFFICIENT_BITS = 3


@corruption(
    "jpeg_compression",
    family="digital",
    small=(80, 65, 58, 50, 40),
    large=(25, 18, 15, 10, 7),
)
@in_parts
def jpeg_compression(images: Tensor, quality: int, seeds: Tensor) -> Tensor:
    """Compress as JPEG of the given quality and decompress; the result has whole 8-bit values."""
    h, w = images.shape[2:]
    rgb = torch.round(images * 255)
    if h % 2 or w % 16:
        rgb = F.pad(rgb, (0, -w % 16, 0, h % 2), mode="replicate")
    red, green, blue = rgb.unbind(dim=1)
    light = (red * 0.299).add_(green * 0.587).add_(blue * 0.114)
    colours = ((blue - light).mul_(1 / 1.772), (red - light).mul_(1 / 1.402))
    chroma = torch.cat([_halved(colour.round_()) for colour in colours])
    light, chroma = _whole_blocks(light, 16), _whole_blocks(chroma, 8)
    light = _through_blocks(light.round_().sub_(128), quantisation(LUMINANCE, quality))
    light = light[:, :h, :w].clamp_(-128, 127).add_(128)
    chroma = _through_blocks(chroma, quantisation(CHROMINANCE, quality))
    chroma = chroma[:, : -(-h // 2), : -(-w // 2)].clamp_(-128, 127)
    chroma = _doubled(_doubled(chroma.mT.contiguous()).mT.contiguous())[:, :h, :w]
    cb, cr = chroma.unflatten(0, (2, -1))
    restored = torch.empty_like(images, memory_format=torch.contiguous_format)
    torch.add(light, cr * 1.402, out=restored[:, 0])
    torch.sub(light, cb * 0.344136, out=restored[:, 1]).sub_(cr * 0.714136)
    torch.add(light, cb * 1.772, out=restored[:, 2])
    return restored.round_().clamp_(0, 255).mul_(1 / 255)


def quantisation(table: tuple[tuple[int, ...], ...], quality: int) -> np.ndarray:
    """Return a table scaled by the quality of 1 to 100 as libjpeg does, int array (8, 8)."""
    percent = 5000 // quality if quality < 50 else 200 - 2 * quality
    return np.clip((np.array(table) * percent + 50) // 100, 1, 255)


def _halved(plane: Tensor) -> Tensor:
    """Return the rounded means of 2 x 2 whole values: (n, h, w) to (n, h / 2, w / 2).

    A mean between two values goes down and up from column to column, as in libjpeg.
    """
    rows = plane.unflatten(1, (-1, 2))
    columns = (rows[:, :, 0] + rows[:, :, 1]).mT.contiguous().unflatten(1, (-1, 2))
    means = (columns[:, :, 0] + columns[:, :, 1]).mul_(0.25)
    means[:, ::2] += 0.25
    means[:, 1::2] += 0.5
    return means.floor_().mT.contiguous()


def _whole_blocks(plane: Tensor, multiple: int) -> Tensor:
    """Repeat the last row of (n, h, w) until the rows are a multiple."""
    missing = -plane.shape[1] % multiple
    return F.pad(plane, (0, 0, 0, missing), mode="replicate") if missing else plane


def _doubled(plane: Tensor) -> Tensor:
    """Return twice as many rows, each three quarters of the nearest and a quarter of the next."""
    near, far = plane * 0.75, plane * 0.25
    rows = torch.stack([near, near], dim=2)
    rows[:, 1:, 0] += far[:, :-1]
    rows[:, :1, 0] += far[:, :1]
    rows[:, :-1, 1] += far[:, 1:]
    rows[:, -1:, 1] += far[:, -1:]
    return rows.flatten(1, 2)


def _through_blocks(plane: Tensor, table: np.ndarray) -> Tensor:
    """Return whole values (n, h, w) after their coefficients were rounded to the table."""
    steps = torch.from_numpy(table).to(plane.device, plane.dtype)
    rounded = 2.0 ** (BETWEEN_BITS - FIRST_BITS)
    values = _along_rows(plane, FIRST_BITS).mul_(rounded).round_().mT.contiguous()
    # Columns are rows now: the table is turned as well.
    steps = steps.T.repeat(1, values.shape[2] // 8)
    rounded = 2.0 ** (COEFFICIENT_BITS - BETWEEN_BITS - SECOND_BITS)
    values = _along_rows(values, SECOND_BITS).mul_(rounded).round_().unflatten(1, (-1, 8))
    # What lies midway between two levels goes away from zero, as in libjpeg.
    to_levels = (1 + 1e-6) * 2.0**-COEFFICIENT_BITS / steps
    values = values.mul_(to_levels).round_().mul_(steps).flatten(1, 2)
    rounded = 2.0 ** (BETWEEN_BITS - THIRD_BITS)
    values = _along_rows(values, THIRD_BITS, back=True).mul_(rounded).round_().mT.contiguous()
    values = _along_rows(values, FOURTH_BITS, back=True)
    return values.mul_(2.0 ** -(BETWEEN_BITS + FOURTH_BITS)).round_()


def _along_rows(plane: Tensor, bits: int, back: bool = False) -> Tensor:
    """Return the cosine transform of every 8 rows times ``2**bits``, or its inverse."""
    cosines = torch.from_numpy(_cosines(bits)).to(plane.device)
    strips = plane.reshape(-1, 8, plane.shape[2])
    factors = (cosines.T if back else cosines).expand(len(strips), 8, 8)
    return torch.bmm(factors, strips).view(plane.shape)


@lru_cache(maxsize=8)
def _cosines(bits: int) -> np.ndarray:
    """Return the orthonormal cosine transform of 8 values, whole numbers of ``2**-bits``."""
    k = np.arange(8)[:, None]
    cosines = np.cos(np.pi * k * (2 * np.arange(8) + 1) / 16) / 2
    cosines[0] /= np.sqrt(2)
    return np.round(cosines * 2**bits).astype(np.float32)
