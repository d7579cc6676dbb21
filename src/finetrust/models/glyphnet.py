"""GlyphNet, a small residual CNN for 32x32 images whose bundled weights were pretrained on
rendered letters and symbols (never digits) by tools/pretrain_glyphnet.py.
"""

import torch
from torch import Tensor, nn

INPUT_SIZE = 32
MEAN = (0.33, 0.33, 0.33)
STD = (0.34, 0.34, 0.34)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with batch norm, added to a shortcut.

    Parameters
    ----------
    channels_in, channels_out : int
    stride : int
        Stride of the first convolution; the shortcut follows it.
    """

    def __init__(self, channels_in: int, channels_out: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels_out)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels_out)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or channels_in != channels_out:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels_in, channels_out, 1, stride, bias=False),
                nn.BatchNorm2d(channels_out),
            )

    def forward(self, images: Tensor) -> Tensor:
        out = torch.relu(self.bn1(self.conv1(images)))
        return torch.relu(self.bn2(self.conv2(out)) + self.shortcut(images))


class GlyphNet(nn.Module):
    """Residual CNN: stem, stage1, stage2, stage3, pool, fc.

    Parameters
    ----------
    num_classes : int
        Outputs of the last linear layer; 0 leaves `fc` an identity, so that the network
        returns features.
    """

    num_features: int = 128

    def __init__(self, num_classes: int = 0) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 32, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU()
        )
        self.stage1 = ResidualBlock(32, 32)
        self.stage2 = ResidualBlock(32, 64, stride=2)
        self.stage3 = ResidualBlock(64, self.num_features, stride=2)
        self.pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.fc: nn.Module = (
            nn.Linear(self.num_features, num_classes) if num_classes else nn.Identity()
        )

    def forward(self, images: Tensor) -> Tensor:
        """Class logits, or features when the network has no classes.

        Parameters
        ----------
        images : float tensor (n, 3, 32, 32)
            Normalised with `MEAN` and `STD`.

        Returns
        -------
        float tensor (n, num_classes), or (n, num_features) when num_classes is 0.
        """
        stages = (self.stem, self.stage1, self.stage2, self.stage3, self.pool, self.fc)
        for stage in stages:
            images = stage(images)
        return images
