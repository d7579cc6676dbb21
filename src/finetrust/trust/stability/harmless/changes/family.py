"""Families of harmless changes: what one is, how it registers itself, how a change is applied.

A change keeps what an image shows, so that a model that reads the picture and not its pixels answers
as before. All are deterministic and apply to what the model sees: square images of its input size.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

from finetrust.core.registry import Registry
from finetrust.models.preprocessing import Preprocessing

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """Some images, as the model sees them and as they lie in the data.

    Parameters
    ----------
    pixels : float32 tensor (n, 3, h, w)
        In [0, 1]; what the preprocessing made of the originals.
    originals : callable
        Returns the n images in the data, at their own sizes; they are read anew.
    """

    pixels: "Tensor"
    originals: Callable[[], Sequence[Image.Image]]


Apply = Callable[[Batch], "Tensor"]


@dataclass(frozen=True)
class Change:
    """One change.

    Parameters
    ----------
    name : str
        Within its family: letters, digits, ``_`` and ``-``.
    apply : callable
        Returns the changed pixels, float32 tensor (n, 3, h, w) in [0, 1] on the device of the
        batch. What an image becomes does not depend on the others.
    brief: bool
        Whether it is among the few of its family that are made at effort quick.
    """

    name: str
    apply: Apply
    brief: bool = False


@dataclass(frozen=True)
class Family:
    """Changes of one kind.

    Parameters
    ----------
    name : str
    usual : bool
        Whether it is harmless for ordinary pictures and is applied unless the user says otherwise.
    changes : callable
        Returns the changes that there are for images that a preprocessing makes.
    """

    name: str
    usual: bool
    changes: Callable[[Preprocessing], Sequence[Change]]


families: Registry[Family] = Registry(
    "family of harmless changes", "finetrust.trust.stability.harmless.changes"
)


def family(name: str, *, usual: bool = True) -> Callable[..., Callable]:
    """Register the decorated function, which returns the changes of a family; see :class:`Family`."""

    def decorate(
        changes: Callable[[Preprocessing], Sequence[Change]],
    ) -> Callable[[Preprocessing], Sequence[Change]]:
        families.add(name, Family(name, usual, changes))
        return changes

    return decorate


def of_pixels(apply: Callable[["Tensor"], "Tensor"]) -> Apply:
    """Return how a function of pixels (n, 3, h, w) is applied to a batch."""
    return lambda batch: apply(batch.pixels)
