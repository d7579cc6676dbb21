"""What a model answers about images, untouched or with a part exchanged or filled."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from finetrust.trust.accuracy.probabilities import NO_ANSWER
from finetrust.trust.interpretability.shortcuts.part import Fill, Part

AT_ONCE = 256


class Answers:
    """Asks a model about changed images.

    An item for which the model returns NaN or infinity has no answer, which is the answer of no class.

    Parameters
    ----------
    logits_of : callable
        From pixels in [0, 1] (m, 3, h, w) to logits (m, classes).
    images : float tensor (n, 3, h, w)
    """

    def __init__(self, logits_of: Callable[[Tensor], Tensor], images: Tensor) -> None:
        self._logits_of = logits_of
        self._images = images

    def to(self, images: Tensor) -> np.ndarray:
        """Return the predicted classes of other images (m, 3, h, w): int64 array (m,)."""
        with torch.no_grad():
            return _predicted(self._logits_of(images)).cpu().numpy()

    def untouched(self, items: np.ndarray) -> np.ndarray:
        """Return the predicted classes of some rows: int64 array (m,)."""
        return self._asked(lambda rows: self._images[rows], items)

    def exchanged(self, part: Part, items: np.ndarray, donors: np.ndarray) -> np.ndarray:
        """Return the predicted classes with `part` from the donors: int64 array (m,)."""
        return self._asked(lambda *rows: part.exchanged(self._images, *rows), items, donors)

    def filled(self, fill: Fill, items: np.ndarray) -> np.ndarray:
        """Return the predicted classes of images with a neutral filling: int64 array (m,)."""
        return self._asked(lambda rows: fill(self._images, rows), items)

    def _asked(self, changed: Callable[..., Tensor], *rows: np.ndarray) -> np.ndarray:
        device = self._images.device
        indices = [torch.from_numpy(r).to(device).split(AT_ONCE) for r in rows]
        with torch.no_grad():
            asked = [
                _predicted(self._logits_of(changed(*some))) for some in zip(*indices, strict=True)
            ]
        return torch.cat(asked).cpu().numpy()


def _predicted(logits: Tensor) -> Tensor:
    return torch.where(logits.isfinite().all(dim=1), logits.argmax(1), NO_ANSWER)
