"""Grad-CAM: which places of an image speak for a class.

Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
Localization", ICCV 2017.
"""

from torch import Tensor, nn

from finetrust.trust.interpretability.layer_features import heat_of, layer_features


def grad_cam(
    model: nn.Module, images: Tensor, targets: Tensor, layer: nn.Module | None = None
) -> Tensor:
    """Return a heat map for each image: where the layer's features speak for the target class.

    The weight of a channel is the mean over the places of the gradient of the target's logit
    (eq. 1); the map is the positive part of the weighted sum of the channels (eq. 2), enlarged
    to the image bilinearly and divided by its maximum.

    The parameters may be frozen: gradients are taken from the layer's output upwards only, and
    nothing below the layer keeps what a backward pass would need. The model's mode and its
    gradients are left as they are.

    Parameters
    ----------
    model : nn.Module
        From images to logits (n, classes).
    images : float tensor (n, c, h, w)
        As the model takes them.
    targets : int64 tensor (n,)
        The class to explain, for each image.
    layer : nn.Module, optional
        A module of `model`; by default what
        :func:`~finetrust.trust.interpretability.spatial_layer.find_layer` finds.

    Returns
    -------
    float32 tensor (n, h, w)
        In [0, 1], on the device of the images; all 0 where no place speaks for the class.

    Raises
    ------
    NotApplicable
        If the model has no layer with a map, or the output of `layer` is none.
    """
    features, gradients = layer_features(model, images, targets, layer)
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    return heat_of((weights * features).sum(dim=1), images.shape[-2:])
