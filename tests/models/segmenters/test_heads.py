import pytest
import torch
from torch import Tensor, nn

from finetrust.models.segmenters.head import SegmentationHead, segmentation_heads
from finetrust.models.segmenters.quarter import AtQuarter

NAMES = segmentation_heads.names()
CHANNELS = {4: 8, 8: 12, 16: 16, 32: 24}


def head_and_maps(
    name: str, n: int = 2, strides: tuple = ()
) -> tuple[SegmentationHead, list[Tensor]]:
    """Return a head in evaluation mode, and maps of images of 64 x 96 pixels."""
    kind = segmentation_heads.get(name)
    wanted = strides or kind.strides
    maps = [torch.randn(n, CHANNELS[s], 64 // s, 96 // s) for s in wanted]
    return kind([CHANNELS[s] for s in wanted], 5).eval(), maps


def test_there_are_four() -> None:
    assert NAMES == ["deeplabv3", "fcn", "lr-aspp", "segformer"]


@pytest.mark.parametrize("name", NAMES)
def test_a_head_yields_logits_at_its_finest_map(name: str) -> None:
    head, maps = head_and_maps(name)
    assert head(maps).shape == (2, 5, *maps[0].shape[-2:])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("strides", [(16,), (8, 32)])
def test_a_head_takes_a_backbone_with_fewer_maps(name: str, strides: tuple[int, ...]) -> None:
    head, maps = head_and_maps(name, strides=strides)
    assert head(maps).shape == (2, 5, 64 // strides[0], 96 // strides[0])


@pytest.mark.parametrize("name", NAMES)
def test_a_head_trains_on_a_single_image(name: str) -> None:
    head, maps = head_and_maps(name, n=1)
    head.train()(maps).square().mean().backward()
    for parameter_name, parameter in head.named_parameters():
        assert parameter.grad is not None, parameter_name
        assert parameter.grad.abs().sum() > 0, parameter_name


@pytest.mark.parametrize("name", NAMES)
def test_every_map_has_a_say(name: str) -> None:
    head, maps = head_and_maps(name)
    for feature_map in maps:
        feature_map.requires_grad_(True)
    head(maps).square().sum().backward()
    assert all(m.grad is not None and m.grad.abs().sum() > 0 for m in maps)


@pytest.mark.parametrize("name", NAMES)
def test_an_image_is_judged_the_same_in_any_batch(name: str) -> None:
    head, maps = head_and_maps(name)
    alone = head([m[:1] for m in maps])
    torch.testing.assert_close(head(maps)[:1], alone, rtol=1e-4, atol=1e-5)


def test_segformers_decoder_is_that_of_the_paper() -> None:
    head, maps = head_and_maps("segformer")
    assert isinstance(head.classifier, nn.Conv2d)
    # Equation 4 with a projection each and a fusion that adds what it reads from each of them.
    enlarged = [
        nn.functional.interpolate(m, maps[0].shape[-2:], mode="bilinear", align_corners=False)
        for m in maps
    ]
    weight = torch.cat([projection.weight for projection in head.projections], dim=1)
    fused = nn.functional.conv2d(torch.cat(enlarged, 1), weight)
    expected = head.classifier(head.fuse(fused))
    torch.testing.assert_close(head(maps), expected, rtol=1e-4, atol=1e-5)


def test_logits_are_brought_to_a_quarter_of_the_canvas() -> None:
    head, maps = head_and_maps("fcn")
    assert AtQuarter(head, (64, 96))(maps).shape == (2, 5, 16, 24)
    fine, maps = head_and_maps("segformer")
    assert torch.equal(AtQuarter(fine, (64, 96))(maps), fine(maps))
