"""Round trips through other colour spaces in 8 bits, as storing and converting pictures makes them.

ITU-T T.871 (JFIF), section 7, for YCbCr; Smith, "Color gamut transform pairs", SIGGRAPH 1978, for HSV.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from finetrust.models.preprocessing import Preprocessing
from finetrust.trust.stability.harmless.changes.family import Change, family, of_pixels

_YCBCR = (
    (0.299, 0.587, 0.114),
    (-0.168735892, -0.331264108, 0.5),
    (0.5, -0.418687589, -0.081312411),
)
_RGB = ((1.0, 0.0, 1.402), (1.0, -0.344136286, -0.714136286), (1.0, 1.772, 0.0))


@family("colour")
def colours(preprocessing: Preprocessing) -> Sequence[Change]:
    """Return the round trips through YCbCr and HSV.

    One through 8 bits alone would change nothing: what a model sees comes from 8 bits.
    """
    return [
        Change("ycbcr", of_pixels(through_ycbcr)),
        Change("hsv", of_pixels(through_hsv), brief=True),
    ]


def through_ycbcr(images: Tensor) -> Tensor:
    """Return images (n, 3, h, w) in [0, 1] as they come back from YCbCr in 8 bits."""
    centre = torch.tensor([0.0, 128.0, 128.0], device=images.device).view(1, 3, 1, 1)
    stored = _bytes(_linear(_bytes(images * 255), _YCBCR) + centre)
    return _bytes(_linear(stored - centre, _RGB)) / 255


def through_hsv(images: Tensor) -> Tensor:
    """Return images (n, 3, h, w) in [0, 1] as they come back from HSV in 8 bits.

    Hue and saturation are cut off to whole numbers of 0 to 255, as Pillow does.
    """
    red, green, blue = _bytes(images * 255).unbind(1)
    value, least = torch.stack([red, green, blue]).amax(0), torch.stack([red, green, blue]).amin(0)
    spread = value - least
    safe = spread.clamp(min=1)
    sector = torch.where(
        red == value,
        (green - blue) / safe,
        torch.where(green == value, 2 + (blue - red) / safe, 4 + (red - green) / safe),
    )
    hue = torch.where(spread > 0, ((sector / 6 + 1) % 1 * 255).floor(), 0)
    saturation = (spread / value.clamp(min=1) * 255).floor()
    return _from_hsv(hue, saturation, value) / 255


def _from_hsv(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    sector, s = hue * 6 / 255, saturation / 255
    whole = sector.floor()
    rest = sector - whole
    p, q, t = (_bytes(value * (1 - part)) for part in (s, s * rest, s * (1 - rest)))
    by_sector = [
        (value, t, p),
        (q, value, p),
        (p, value, t),
        (p, q, value),
        (t, p, value),
        (value, p, q),
    ]
    stacked = torch.stack([torch.stack(rgb, dim=1) for rgb in by_sector])
    choice = (whole.long() % 6)[None, :, None].expand(1, -1, 3, *hue.shape[1:])
    return stacked.gather(0, choice)[0]


def _linear(colours: Tensor, matrix: tuple[tuple[float, ...], ...]) -> Tensor:
    """Return each row of a matrix applied to the channels, term by term in one order."""
    rows = [sum(c * colours[:, i] for i, c in enumerate(row)) for row in matrix]
    return torch.stack([torch.as_tensor(row) for row in rows], dim=1)


def _bytes(values: Tensor) -> Tensor:
    """Return values rounded to 0 to 255, still as floats."""
    return values.round().clamp(0, 255)
