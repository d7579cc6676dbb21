"""Snow (Hendrycks & Dietterich 2019, section 3)."""

from torch import Tensor

from finetrust.trust.stability.corruptions.catalogue import corruption
from finetrust.trust.stability.corruptions.motion_blur import random_angles, smear
from finetrust.trust.stability.corruptions.parts import in_parts
from finetrust.trust.stability.corruptions.zoom_blur import central_size, enlarge
from finetrust.trust.trials.draws import standard_normal

Parameter = tuple[float, float, float, float, int, float, float]


@corruption(
    "snow",
    family="weather",
    small=(
        (0.1, 0.2, 1.0, 0.6, 8, 3.0, 0.95),
        (0.1, 0.2, 1.0, 0.5, 10, 4.0, 0.9),
        (0.15, 0.3, 1.75, 0.55, 10, 4.0, 0.9),
        (0.25, 0.3, 2.25, 0.6, 12, 6.0, 0.85),
        (0.3, 0.3, 1.25, 0.65, 14, 12.0, 0.8),
    ),
    large=(
        (0.1, 0.3, 3.0, 0.5, 10, 4.0, 0.8),
        (0.2, 0.3, 2.0, 0.5, 12, 4.0, 0.7),
        (0.55, 0.3, 4.0, 0.9, 12, 8.0, 0.7),
        (0.55, 0.3, 4.5, 0.85, 12, 8.0, 0.65),
        (0.55, 0.3, 2.5, 0.85, 12, 12.0, 0.55),
    ),
)
@in_parts
def snow(images: Tensor, parameter: Parameter, seeds: Tensor) -> Tensor:
    """Whiten the image and let two layers of flakes fall on it, the one the other turned round.

    A layer is normal noise, enlarged, with low values set to 0, in motion within 45 degrees of
    the vertical.
    """
    mean, deviation, factor, threshold, radius, sigma, kept = parameter
    height, width = images.shape[-2:]
    # Noise beyond the centre would be cut off by the enlargement.
    inner = [central_size(size, factor) for size in (height, width)]
    noise = standard_normal(images.new_empty(len(images), *inner), seeds)
    flakes = noise.mul_(deviation).add_(mean).permute(1, 2, 0).contiguous()
    for dim, size in enumerate((height, width)):
        if inner[dim] < size:
            flakes = enlarge(flakes, dim, 0, inner[dim], factor, size)
    flakes = flakes.permute(2, 0, 1)[:, None].contiguous()
    flakes = flakes.where(flakes >= threshold, 0).clamp_(max=1)
    flakes = smear(flakes, radius, sigma, random_angles(images, seeds, -135, -45))
    red, green, blue = images.split(1, dim=1)
    grey = red * 0.299 + green * 0.587 + blue * 0.114
    whitened = grey.mul_(1.5).add_(0.5).maximum(images).mul_(1 - kept)
    return whitened.add_(images * kept).add_(flakes + flakes.flip(2, 3))
