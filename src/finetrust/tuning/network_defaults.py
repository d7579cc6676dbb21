"""What a strategy takes where the user says nothing, as it suits the network."""

from dataclasses import replace

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torchvision.ops.misc import FrozenBatchNorm2d

from finetrust.tasks.task import TrainingDefaults


def defaults_for(backbone: nn.Module, defaults: TrainingDefaults) -> TrainingDefaults:
    """Return the task's defaults with smaller steps for pretrained layers without batch norm.

    Weights before a batch norm have no scale of their own, so that steps which are too large correct
    themselves (Arora, Li & Lyu 2019, "Theoretical Analysis of Auto Rate-Tuning by Batch Normalization",
    ICLR). Transformers, and convolutional networks with layer norm or none, have nothing of the kind;
    they are fine-tuned at 1e-5 to 1e-4 (Devlin et al. 2019, appendix A.3, for BERT; Xie et al. 2021,
    section 4.1, for SegFormer's encoder; Kumar, Shen, Bubeck & Gunasekar 2022, "How to Fine-Tune Vision
    Models with SGD", for vision transformers and ConvNeXt). Frozen batch norm, as in torchvision's detectors,
    counts as batch norm: smaller steps were not tried there.

    Parameters
    ----------
    backbone : nn.Module
    defaults : TrainingDefaults
        Of the task.
    """
    if any(isinstance(layer, _BatchNorm | FrozenBatchNorm2d) for layer in backbone.modules()):
        return defaults
    share = defaults.backbone_share * defaults.without_batch_norm
    return replace(defaults, backbone_share=share)
