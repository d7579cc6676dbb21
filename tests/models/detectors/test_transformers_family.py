"""Whole detectors of transformers, built tiny and random: DETR, YOLOS and RT-DETR."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from finetrust.core.errors import UserError
from finetrust.models.detectors.parts import kind_of
from finetrust.models.transformers_detection import detector

transformers = pytest.importorskip("transformers")

CANVAS = (64, 96)
TARGETS = [
    {"boxes": torch.tensor([[8.0, 8, 40, 40]]), "labels": torch.tensor([2])},
    {"boxes": torch.zeros(0, 4), "labels": torch.zeros(0, dtype=torch.int64)},
]
RESNET = {
    "embedding_size": 8,
    "hidden_sizes": [8, 16, 24, 32],
    "depths": [1, 1, 1, 1],
    "layer_type": "basic",
}


def detr() -> Any:
    return transformers.DetrConfig(
        backbone_config=transformers.ResNetConfig(**RESNET, out_features=["stage4"]),
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        num_queries=7,
        num_labels=5,
    )


def yolos() -> Any:
    return transformers.YolosConfig(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        image_size=[64, 64],
        num_detection_tokens=7,
        num_labels=5,
    )


def rt_detr() -> Any:
    return transformers.RTDetrConfig(
        backbone_config=transformers.RTDetrResNetConfig(
            **RESNET, out_features=["stage2", "stage3", "stage4"]
        ),
        encoder_in_channels=[16, 24, 32],
        d_model=16,
        encoder_hidden_dim=16,
        encoder_ffn_dim=16,
        encoder_attention_heads=2,
        decoder_in_channels=[16, 16, 16],
        decoder_attention_heads=2,
        decoder_layers=2,
        decoder_ffn_dim=16,
        num_queries=12,
        num_denoising=4,
        num_labels=5,
    )


CONFIGS = {"detr": detr, "yolos": yolos, "rt-detr": rt_detr}


def built(name: str) -> nn.Module:
    torch.manual_seed(0)
    return detector(None, CONFIGS[name](), "random", {}).module


@pytest.mark.parametrize("name", CONFIGS)
def test_with_other_classes_it_trains_and_finds_those_alone(name: str) -> None:
    module = built(name)
    kind = kind_of(module)
    assert kind.n_classes(module) == 5
    parts = kind.parts(kind.with_classes(module, 3), CANVAS)
    images = torch.rand(2, 3, *CANVAS)
    losses = parts.head.train()(parts.features_of(parts.backbone(images)), TARGETS)
    assert losses["loss"].isfinite()
    losses["loss"].backward()
    without = [n for n, p in parts.head.named_parameters() if p.grad is None]
    assert not without
    with torch.no_grad():
        found = parts.head.eval()(parts.features_of(parts.backbone(images)))
    for of_image in found:
        assert set(of_image["labels"].tolist()) <= {0, 1, 2}
        assert of_image["scores"].tolist() == sorted(of_image["scores"].tolist(), reverse=True)
        assert (of_image["boxes"] >= 0).all()
        assert (of_image["boxes"] <= torch.tensor([96, 64, 96, 64])).all()


@pytest.mark.parametrize("name", CONFIGS)
def test_only_what_tells_classes_apart_is_new(name: str) -> None:
    module = built(name)
    before = {n: t.clone() for n, t in module.state_dict().items()}
    kind = kind_of(module)
    parts = kind.parts(kind.with_classes(module, 3), CANVAS)
    classes = {n.removeprefix("model.") for n in parts.class_layers}
    assert any("class" in n for n in classes)
    for n, tensor in parts.head.model.state_dict().items():
        assert (n in classes) == (tensor.shape != before[n].shape)
        if n not in classes:
            assert torch.equal(tensor, before[n])


def test_boxes_are_those_of_the_image_processor() -> None:
    module = built("detr").eval()
    images = torch.rand(1, 3, *CANVAS)
    with torch.no_grad():
        out = module(pixel_values=images)
        (found,) = kind_of(module).parts(module, CANVAS).head.eval()(images)
    (expected,) = transformers.DetrImageProcessor().post_process_object_detection(
        out, threshold=0.0, target_sizes=[CANVAS]
    )
    order = expected["scores"].argsort(descending=True)
    assert torch.allclose(found["scores"], expected["scores"][order])
    assert torch.equal(found["labels"], expected["labels"][order])
    limits = torch.tensor([96.0, 64, 96, 64])
    clipped = expected["boxes"][order].clamp(min=0).minimum(limits)
    assert torch.allclose(found["boxes"], clipped, atol=1e-4)


def test_a_folder_is_read_with_its_preprocessing_and_its_classes(tmp_path: Path) -> None:
    module = built("detr")
    module.config.id2label = {0: "cat", 1: "N/A", 2: "dog", 3: "cow", 4: "owl"}
    module.save_pretrained(tmp_path)
    transformers.DetrImageProcessor(
        size={"shortest_edge": 320, "longest_edge": 500}, image_mean=[0.1, 0.2, 0.3]
    ).save_pretrained(tmp_path)
    config = transformers.AutoConfig.from_pretrained(tmp_path)
    found = detector(tmp_path, config, "pretrained", {})
    assert found.kind == "detector"
    assert found.classes == ("cat", "unused 1", "dog", "cow", "owl")
    assert (found.preprocessing.resize, found.preprocessing.input_size) == (320, 500)
    assert found.preprocessing.mean == (0.1, 0.2, 0.3)
    for name, tensor in module.state_dict().items():
        assert torch.equal(found.module.state_dict()[name], tensor)


def test_a_folder_without_safetensors_is_an_error(tmp_path: Path) -> None:
    built("yolos").config.save_pretrained(tmp_path)
    torch.save({}, tmp_path / "pytorch_model.bin")
    with pytest.raises(UserError, match=r"the weights of .* cannot be read.*model.safetensors"):
        detector(tmp_path, transformers.AutoConfig.from_pretrained(tmp_path), "pretrained", {})
