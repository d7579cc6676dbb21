"""Networks for the real weights in ../shared/data, as builders: FILE.py:FUNCTION."""

import timm
from torch import Tensor, nn
from torch.nn import functional

from finetrust import Preprocessing


def mobilenetv1() -> tuple[nn.Module, Preprocessing]:
    """MobileNetV1 1.0 at 224 px without its last block and classifier, as its weights file has it."""
    model = timm.create_model("mobilenetv1_100", pad_type="same", bn_eps=1e-3, num_classes=0)
    model.blocks[4] = model.blocks[4][:1]
    return model, Preprocessing(224, 256, "bilinear", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def cifar_resnet20() -> tuple[nn.Module, Preprocessing]:
    """ResNet-20 for 32 px (He et al. 2015), as the published CIFAR-10 weights have it."""
    return _CifarResNet(3), _CIFAR


def cifar_resnet56() -> tuple[nn.Module, Preprocessing]:
    """ResNet-56 for 32 px (He et al. 2015), as the published CIFAR-10 weights have it."""
    return _CifarResNet(9), _CIFAR


def cifar_resnet(blocks: int = 3, width: int = 16) -> tuple[nn.Module, Preprocessing]:
    """ResNet of 6 x `blocks` + 2 layers for 32 px; `width` is that of its first stage."""
    return _CifarResNet(blocks, width), _CIFAR


_CIFAR = Preprocessing(32, 32, "bilinear", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


class _CifarResNet(nn.Module):
    def __init__(self, blocks: int, width: int = 16) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.layer1 = _stage(width, width, blocks)
        self.layer2 = _stage(width, 2 * width, blocks)
        self.layer3 = _stage(2 * width, 4 * width, blocks)
        self.linear = nn.Linear(4 * width, 10)

    def forward(self, images: Tensor) -> Tensor:
        maps = functional.relu(self.bn1(self.conv1(images)))
        return self.linear(self.layer3(self.layer2(self.layer1(maps))).mean(dim=(2, 3)))


class _Block(nn.Module):
    """Two convolutions past a shortcut without parameters (option A of the paper)."""

    def __init__(self, narrow: int, wide: int) -> None:
        super().__init__()
        self.stride, self.added = (1 if narrow == wide else 2), wide - narrow
        self.conv1 = nn.Conv2d(narrow, wide, 3, self.stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(wide)
        self.conv2 = nn.Conv2d(wide, wide, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(wide)

    def forward(self, maps: Tensor) -> Tensor:
        found = functional.relu(self.bn1(self.conv1(maps)))
        found = self.bn2(self.conv2(found))
        if self.added:
            maps = maps[:, :, :: self.stride, :: self.stride]
            maps = functional.pad(maps, (0, 0, 0, 0, self.added // 2, self.added // 2))
        return functional.relu(found + maps)


def _stage(narrow: int, wide: int, blocks: int) -> nn.Sequential:
    return nn.Sequential(_Block(narrow, wide), *(_Block(wide, wide) for _ in range(blocks - 1)))
