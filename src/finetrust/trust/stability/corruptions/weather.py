"""Weather corruptions (Hendrycks & Dietterich 2019, section 3)."""

from torch import Tensor

from finetrust.trust.stability.corruptions.catalogue import corruption

# Below it, far under one step of an 8-bit image, the quotient of the values could overflow.
BLACK = 1e-6


@corruption(
    "brightness",
    family="weather",
    small=(0.05, 0.1, 0.15, 0.2, 0.3),
    large=(0.1, 0.2, 0.3, 0.4, 0.5),
)
def brightness(images: Tensor, shift: float, seeds: Tensor) -> Tensor:
    """Shift the value V of hue, saturation and value (HSV) up.

    V is the largest of red, green and blue, and with hue and saturation held all three are
    proportional to V; so the way through HSV and back is one multiplication. Black has no hue
    and becomes grey.
    """
    value = images.amax(dim=1, keepdim=True)
    brighter = (value + shift).clamp_(max=1)
    return (images * (brighter / value)).where(value > BLACK, brighter)
