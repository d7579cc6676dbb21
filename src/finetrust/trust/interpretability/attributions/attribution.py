"""An attribution method: how much each pixel of an image speaks for a class."""

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor, nn

from finetrust.core.registry import Registry
from finetrust.trust.trials.effort import EffortName


@dataclass(frozen=True)
class Explained:
    """What is explained, and with what.

    Parameters
    ----------
    network : nn.Module
        From pixels in [0, 1], float tensor (n, 3, h, w), to logits (n, classes); it normalises them
        itself. In evaluation mode or not, its parameters frozen or not: a method explains it in
        evaluation mode and leaves modes, parameters and their gradients as they are.
    layer : nn.Module, optional
        The target layer, for methods that read the features of one. By default what
        :func:`~finetrust.trust.interpretability.spatial_layer.find_layer` finds.
    baselines : float tensor (k, 3, h, w), optional
        Images that stand for "nothing there"; attributions are averaged over them. By default what
        the method's documentation says.
    seeds : int64 tensor (n,), optional
        Of the items. What is random for an item depends on its seed alone, not on its batch. By
        default 0 for every item.
    """

    network: nn.Module
    layer: nn.Module | None = None
    baselines: Tensor | None = None
    seeds: Tensor | None = None


class AttributionMethod(Protocol):
    """A way to attribute a class's logit to pixels.

    Registered by the name of its file.
    """

    @property
    def title(self) -> str:
        """What a reader knows it as."""
        ...

    @property
    def reference(self) -> str:
        """Authors, title, venue, year."""
        ...

    @property
    def signed(self) -> bool:
        """Whether a negative number says that the place speaks against the class."""
        ...

    @property
    def effort(self) -> EffortName:
        """From which effort on it is a candidate where the user names none."""
        ...

    @property
    def passes(self) -> int:
        """What an item costs, in forward passes; a backward pass counts as 2."""
        ...

    def applies(self, explained: Explained, example: Tensor) -> None:
        """Raise NotApplicable, with the reason, where the method cannot explain the network.

        Parameters
        ----------
        explained : Explained
        example : float tensor (1, 3, h, w)
            One image of the size that is to be explained.
        """
        ...

    def __call__(self, explained: Explained, images: Tensor, targets: Tensor) -> Tensor:
        """Return how much each pixel speaks for the class of its image.

        Parameters
        ----------
        explained : Explained
        images : float tensor (n, 3, h, w)
            In [0, 1].
        targets : int64 tensor (n,)
            Classes.

        Returns
        -------
        float32 tensor (n, h, w)
            Higher speaks for the class; on the device of the images. That of an item does not
            depend on the other items of the batch.

        Raises
        ------
        NotApplicable
            As :meth:`applies` does.
        """
        ...


attributions: Registry[AttributionMethod] = Registry(
    "attribution", "finetrust.trust.interpretability.attributions"
)
