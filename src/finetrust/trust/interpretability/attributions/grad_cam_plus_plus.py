"""Grad-CAM++: Grad-CAM that gives each instance of a class the same weight.

Chattopadhay et al., "Grad-CAM++: Generalized Gradient-based Visual Explanations for Deep
Convolutional Networks", WACV 2018.
"""

from torch import Tensor

from finetrust.trust.interpretability.attributions.attribution import Explained, attributions
from finetrust.trust.interpretability.attributions.target_layer import need_layer
from finetrust.trust.interpretability.layer_features import heat_of, layer_features
from finetrust.trust.trials.effort import EffortName


class GradCamPlusPlus:
    """The channels weighted by ``sum of relu(g) / (2 + S g)``, rectified and scaled to [0, 1].

    g is the gradient of the logit at a place, S the sum of the channel over the places. This is eq. 5
    with the coefficients of eq. 19, divided by g squared, for the exponential of the logit as the
    score (section 3.3), whose own factor cancels when the map is scaled. The derivation takes the
    features for those after a ReLU; of others only the positive ones go into S, so that the
    denominator is never 0.
    """

    title = "Grad-CAM++"
    reference = "Chattopadhay et al., Grad-CAM++, WACV 2018"
    signed = False
    effort: EffortName = "quick"
    passes = 3

    def applies(self, explained: Explained, example: Tensor) -> None:
        need_layer(explained, example)

    def __call__(self, explained: Explained, images: Tensor, targets: Tensor) -> Tensor:
        features, gradients = layer_features(explained.network, images, targets, explained.layer)
        sums = features.relu().sum(dim=(2, 3), keepdim=True)
        rising = gradients.relu()
        weights = (rising / (2 + sums * rising)).sum(dim=(2, 3), keepdim=True)
        return heat_of((weights * features).sum(dim=1), images.shape[-2:])


attributions.add("grad_cam_plus_plus", GradCamPlusPlus())
