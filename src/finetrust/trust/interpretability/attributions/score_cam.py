"""Score-CAM: channels weighted by the logit of the image seen through them, without gradients.

Wang et al., "Score-CAM: Score-Weighted Visual Explanations for Convolutional Neural Networks", CVPR
workshops 2020.
"""

import torch
from torch import Tensor

from finetrust.trust.interpretability.attributions.attribution import Explained, attributions
from finetrust.trust.interpretability.attributions.baselines import mean_colour
from finetrust.trust.interpretability.attributions.hidden_parts import AT_ONCE, scores_under
from finetrust.trust.interpretability.attributions.target_layer import need_layer
from finetrust.trust.interpretability.layer_features import enlarged, heat_of, layer_features
from finetrust.trust.trials.effort import EffortName


class ScoreCam:
    """The channels weighted by the softmax of the logits under each of them (algorithm 1).

    A channel, enlarged and scaled to [0, 1] (eq. 6), is the mask; behind it is the image's mean
    colour, or the given baselines. One that is the same everywhere shows nothing of the image. The
    map is rectified and scaled to [0, 1].
    """

    title = "Score-CAM"
    reference = "Wang et al., Score-CAM, CVPR workshops 2020"
    signed = False
    effort: EffortName = "full"
    passes = 512
    """One for each channel of the layer: 512 stands for the last ones of a ResNet-18."""

    def applies(self, explained: Explained, example: Tensor) -> None:
        need_layer(explained, example)

    def __call__(self, explained: Explained, images: Tensor, targets: Tensor) -> Tensor:
        features, _ = layer_features(explained.network, images, targets, explained.layer)
        baselines, maps = mean_colour(explained, images), []
        for i, target in enumerate(targets.tolist()):
            scores = [
                scores_under(
                    explained.network, images[i], target, _mask(part, images), baselines[:, i]
                )
                for part in features[i].split(AT_ONCE)
            ]
            weights = torch.cat(scores).softmax(dim=0)
            maps.append(torch.einsum("c,chw->hw", weights, features[i]))
        return heat_of(torch.stack(maps), images.shape[-2:])


def _mask(channels: Tensor, images: Tensor) -> Tensor:
    """Return channels (c, rows, columns) as masks (c, h, w) from 0 to 1."""
    large = enlarged(channels[None], images.shape[-2:])[0]
    low, high = (f(large, dim=(1, 2), keepdim=True) for f in (torch.amin, torch.amax))
    return ((large - low) / (high - low)).where(high > low, 0.0)


attributions.add("score_cam", ScoreCam())
