"""LayerCAM: Grad-CAM with a weight for each place of each channel.

Jiang et al., "LayerCAM: Exploring Hierarchical Class Activation Maps for Localization", IEEE
Transactions on Image Processing, 2021.
"""

from torch import Tensor

from finetrust.trust.interpretability.attributions.attribution import Explained, attributions
from finetrust.trust.interpretability.attributions.target_layer import need_layer
from finetrust.trust.interpretability.layer_features import heat_of, layer_features
from finetrust.trust.trials.effort import EffortName


class LayerCam:
    """The sum over the channels of feature times positive gradient (eq. 5 and 6), scaled to [0, 1]."""

    title = "LayerCAM"
    reference = "Jiang et al., LayerCAM, IEEE Transactions on Image Processing, 2021"
    signed = False
    effort: EffortName = "quick"
    passes = 3

    def applies(self, explained: Explained, example: Tensor) -> None:
        need_layer(explained, example)

    def __call__(self, explained: Explained, images: Tensor, targets: Tensor) -> Tensor:
        features, gradients = layer_features(explained.network, images, targets, explained.layer)
        return heat_of((gradients.relu() * features).sum(dim=1), images.shape[-2:])


attributions.add("layer_cam", LayerCam())
