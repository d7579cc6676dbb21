"""Networks for the real weights in ../shared/data, as builders: FILE.py:FUNCTION."""

import timm
from torch import nn

from finetrust import Preprocessing


def mobilenetv1() -> tuple[nn.Module, Preprocessing]:
    """MobileNetV1 1.0 at 224 px without its last block and classifier, as its weights file has it."""
    model = timm.create_model("mobilenetv1_100", pad_type="same", bn_eps=1e-3, num_classes=0)
    model.blocks[4] = model.blocks[4][:1]
    return model, Preprocessing(224, 256, "bilinear", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
