"""The catalogue of corruptions: what one is, how it registers itself, how it is applied.

Hendrycks & Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations", ICLR 2019.

The severities are the published ones, which were chosen for two sizes of image: 32 pixels
(CIFAR-10-C) and 224 pixels (ImageNet-C). An image takes the table whose size is nearer, in the
sense of ratio: the border is a shorter side of 91 pixels, the geometric mean of 64 and 128. No
severity in between is invented.

The published image sets are rounded to 8 bits and ImageNet-C is JPEG-compressed on top; here an
image stays a float tensor.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from finetrust.core.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor

FIRST_LARGE_SIZE = 91
SEVERITIES = (1, 2, 3, 4, 5)

Apply = Callable[["Tensor", Any, "Tensor"], "Tensor"]


@dataclass(frozen=True)
class Corruption:
    """One type of corruption.

    Parameters
    ----------
    name : str
        The published name in snake case.
    family : str
        ``"noise"``, ``"blur"``, ``"weather"`` or ``"digital"``.
    small, large : tuple of five
        The parameter of each severity in CIFAR-10-C and in ImageNet-C.
    apply : callable
        ``apply(images, parameter, seeds)``: what the decorated function does.
    extra : bool
        Whether it is one of the four that were published for validation, and no part of mCE.
    """

    name: str
    family: str
    small: tuple[Any, ...]
    large: tuple[Any, ...]
    apply: Apply
    extra: bool = False

    def __call__(self, images: "Tensor", severity: int, seeds: "Tensor") -> "Tensor":
        """Return `images` corrupted.

        What an item becomes depends on its pixels, the severity and its seed, and not on the
        other items: it is bitwise the same in any batch and any order (on the same machine).

        Parameters
        ----------
        images : float tensor (n, 3, h, w)
            In [0, 1]; on any device.
        severity : int
            1 (mild) to 5 (severe).
        seeds : int64 tensor (n,)
            One for each item; the same seed gives the same noise, also across severities.

        Returns
        -------
        float tensor (n, 3, h, w)
            In [0, 1], of the same type and on the same device.
        """
        if severity not in SEVERITIES:
            raise ValueError(f"severity {severity} of '{self.name}', expected 1 to 5")
        table = self.small if min(images.shape[-2:]) < FIRST_LARGE_SIZE else self.large
        corrupted = self.apply(images.float(), table[severity - 1], seeds)
        return corrupted.clamp_(0, 1).to(images.dtype)


corruptions: Registry[Corruption] = Registry("corruption", "finetrust.trust.stability.corruptions")


def corruption(
    name: str,
    *,
    family: str,
    small: tuple[Any, ...],
    large: tuple[Any, ...],
    extra: bool = False,
) -> Callable[[Apply], Apply]:
    """Register the decorated function as a corruption; see :class:`Corruption`.

    The function takes float32 images (n, 3, h, w) in [0, 1], the parameter of one severity and
    the seeds (n,); the result is clipped to [0, 1] for it. To keep items independent of their
    batch it takes random numbers from ``draws.py`` and avoids operations whose rounding may
    depend on the batch: ``Tensor.mean`` over pixels, library convolutions.
    """

    def decorate(apply: Apply) -> Apply:
        corruptions.add(name, Corruption(name, family, small, large, apply, extra))
        return apply

    return decorate
