from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torchvision
from torch import nn

from finetrust.core.errors import UserError
from finetrust.models.segmenters.whole import fit_segmenter, whole_parts
from finetrust.models.weights_file import read_weights


def lraspp(classes: int = 4) -> nn.Module:
    return torchvision.models.segmentation.lraspp_mobilenet_v3_large(
        weights=None, weights_backbone=None, num_classes=classes
    )


def deeplab(classes: int = 4, aux: bool = False) -> nn.Module:
    return torchvision.models.segmentation.deeplabv3_mobilenet_v3_large(
        weights=None, weights_backbone=None, num_classes=classes, aux_loss=aux
    )


def fcn(classes: int = 4) -> nn.Module:
    return torchvision.models.segmentation.fcn_resnet50(
        weights=None, weights_backbone=None, num_classes=classes
    )


def segformer(classes: int = 4) -> nn.Module:
    transformers = pytest.importorskip("transformers")
    config = transformers.SegformerConfig(
        num_encoder_blocks=4,
        depths=[1, 1, 1, 1],
        hidden_sizes=[8, 8, 16, 16],
        decoder_hidden_size=16,
        num_attention_heads=[1, 1, 2, 2],
        num_labels=classes,
    )
    return transformers.SegformerForSemanticSegmentation(config)


MODELS: dict[str, Callable[..., nn.Module]] = {
    "lraspp": lraspp,
    "deeplab": deeplab,
    "fcn": fcn,
    "segformer": segformer,
}


def expected_logits(module: nn.Module, images: torch.Tensor) -> torch.Tensor:
    output = module(images)
    return output.get("out", output.get("logits"))


@pytest.mark.parametrize("name", MODELS)
def test_the_parts_yield_what_the_model_does(name: str) -> None:
    module = MODELS[name]().eval()
    images = torch.randn(2, 3, 64, 96)
    parts = whole_parts(module)
    assert parts is not None
    with torch.no_grad():
        expected = expected_logits(module, images)
        found = parts.head(parts.backbone(images))
    found = nn.functional.interpolate(
        found, expected.shape[-2:], mode="bilinear", align_corners=False
    )
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_the_last_layers_are_replaced_and_nothing_else(name: str) -> None:
    module = MODELS[name]()
    before = {n: p.clone() for n, p in module.named_parameters()}
    parts = whole_parts(module)
    assert parts is not None
    assert parts.n_classes == 4
    replaced = parts.with_classes(7)
    assert replaced.n_classes == 7
    assert replaced.head(replaced.backbone(torch.randn(2, 3, 64, 64))).shape[1] == 7
    fresh = [n for n, p in replaced.head.named_parameters() if n.startswith(replaced.classifiers)]
    assert len(fresh) == 2 * len(replaced.classifiers)
    kept = {n: p for n, p in module.named_parameters() if p.shape == before[n].shape}
    assert len(before) - len(kept) == len(fresh)
    assert all(torch.equal(p, before[n]) for n, p in kept.items())


def test_a_classifier_is_no_segmentation_model() -> None:
    assert whole_parts(torchvision.models.mobilenet_v3_small(weights=None)) is None


@pytest.mark.parametrize("name", ["lraspp", "deeplab", "segformer"])
def test_a_file_of_its_own_weights_fits(name: str, tmp_path: Path) -> None:
    trained, module = MODELS[name](6), MODELS[name](4)
    path = tmp_path / "weights.pth"
    torch.save({"model": {f"module.{n}": t for n, t in trained.state_dict().items()}}, path)
    notes = fit_segmenter(module, read_weights(path))
    assert notes[0] == "the weights were taken from 'model' in the file"
    assert "the prefix 'module.' of the names was removed" in notes
    images = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        expected = expected_logits(trained.eval(), images)
        assert torch.equal(expected_logits(module.eval(), images), expected)


def test_an_auxiliary_classifier_in_the_file_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    torch.save(deeplab(aux=True).state_dict(), path)
    (note,) = fit_segmenter(deeplab(), read_weights(path))
    assert "aux_classifier" in note


def test_weights_of_another_architecture_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    torch.save(deeplab().state_dict(), path)
    with pytest.raises(UserError, match="weights for another architecture"):
        fit_segmenter(fcn(), read_weights(path))
