"""Attention rollout and Chefer's relevance, against forward passes that are written out here."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import timm
import torch
import torch.nn.functional as F
import torchvision
from torch import Tensor, nn

from finetrust.core.errors import NotApplicable
from finetrust.trust.interpretability.attributions.attention import attention_of
from finetrust.trust.interpretability.attributions.attribution import Explained, attributions

from .networks import SIZE, images_of, vit

TARGETS = torch.tensor([1, 3])


def of_timm(name: str = "vit_tiny_patch16_224", **options: Any) -> nn.Module:
    torch.manual_seed(0)
    network = timm.create_model(name, num_classes=5, img_size=64, depth=3, **options).eval()
    for head in (m for n, m in network.named_modules() if n.startswith("head")):
        if isinstance(head, nn.Linear):
            nn.init.normal_(head.weight)
    for block in network.blocks:
        block.attn.qkv.weight.data *= 10  # attention that is not the same everywhere
    return network


def attend(q: Tensor, k: Tensor, v: Tensor, kept: list[Tensor]) -> Tensor:
    weights = torch.softmax(q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5, dim=-1)
    weights.retain_grad()
    kept.append(weights)
    return (weights @ v).transpose(1, 2).flatten(2)


def timm_forward(network: nn.Module, images: Tensor, kept: list[Tensor]) -> Tensor:
    x = network._pos_embed(network.patch_embed(images))
    for block in network.blocks:
        n, t, _ = x.shape
        qkv = block.attn.qkv(block.norm1(x)).reshape(n, t, 3, block.attn.num_heads, -1)
        x = x + block.attn.proj(attend(*qkv.permute(2, 0, 3, 1, 4), kept))
        x = x + block.mlp(block.norm2(x))
    return network.forward_head(network.norm(x))


def torchvision_forward(network: nn.Module, images: Tensor, kept: list[Tensor]) -> Tensor:
    x = network._process_input(images)
    x = torch.cat([network.class_token.expand(len(x), -1, -1), x], dim=1)
    x = x + network.encoder.pos_embedding
    for block in network.encoder.layers:
        n, t, _ = x.shape
        layer = block.self_attention
        parts = zip(layer.in_proj_weight.chunk(3), layer.in_proj_bias.chunk(3), strict=True)
        tokens = block.ln_1(x)
        q, k, v = (
            F.linear(tokens, w, b).reshape(n, t, block.num_heads, -1).transpose(1, 2)
            for w, b in parts
        )
        x = x + layer.out_proj(attend(q, k, v, kept))
        x = x + block.mlp(block.ln_2(x))
    return network.heads(network.encoder.ln(x)[:, 0])


def rollout(kept: list[Tensor], item: int) -> np.ndarray:
    """As in the published code of the paper: add the identity, divide by the sums of the rows."""
    joint = np.eye(kept[0].shape[-1])
    for weights in kept:
        mean = weights[item].detach().numpy().mean(0) + np.eye(len(joint))
        joint = (mean / mean.sum(-1, keepdims=True)) @ joint
    return joint


def relevance(kept: list[Tensor], item: int) -> np.ndarray:
    """As in the published code of Chefer et al., item by item."""
    total = np.eye(kept[0].shape[-1])
    for weights in kept:
        cam = (weights.grad[item] * weights[item]).clamp(min=0).mean(0).detach().numpy()
        total = total + cam @ total
    return total


def scaled(row: np.ndarray, side: int, size: int) -> Tensor:
    grid = torch.from_numpy(row).float().reshape(1, 1, side, side)
    large = F.interpolate(grid, (size, size), mode="bilinear", align_corners=False)[0, 0]
    return large / large.max()


CASES = {
    "timm": (of_timm, timm_forward, 64, slice(0, 1), 1),
    "timm, mean of places": (
        lambda: of_timm(global_pool="avg", class_token=True),
        timm_forward, 64, slice(1, None), 1,
    ),
    "timm, registers": (
        lambda: of_timm("vit_tiny_patch16_224", reg_tokens=3), timm_forward, 64, slice(0, 1), 4
    ),
    "deit, two class tokens": (
        lambda: of_timm("deit_tiny_distilled_patch16_224"), timm_forward, 64, slice(0, 2), 2
    ),
    "torchvision": (vit, torchvision_forward, SIZE, slice(0, 1), 1),
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "reference"), [("attention_rollout", rollout), ("chefer", relevance)]
)
@pytest.mark.parametrize("case", CASES)
def test_it_is_the_published_algorithm_on_attention_that_is_written_out(
    case: str, name: str, reference: Callable
) -> None:
    build, forward, size, read, prefix = CASES[case]
    network, images = build(), images_of(2, size)
    kept: list[Tensor] = []
    logits = forward(network, images, kept)
    torch.testing.assert_close(logits, network(images), rtol=1e-3, atol=1e-4)
    logits.gather(1, TARGETS[:, None]).sum().backward()
    network.zero_grad()
    found = attributions.get(name)(Explained(network), images, TARGETS)
    for i, heat in enumerate(found):
        row = reference(kept, i)[read].mean(0)[prefix:]
        expected = scaled(row, round(len(row) ** 0.5), size)
        torch.testing.assert_close(heat, expected, rtol=1e-3, atol=1e-4)
        assert expected.std() > 0.01


class OneHead(nn.Module):
    """A class token that looks for the brightest of 16 patches; its logit is what it finds there."""

    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.tensor([[[0.0, 1.0]]]))
        self.attention = nn.MultiheadAttention(2, 1, bias=False, batch_first=True)
        query = torch.tensor([[0.0, 1.0], [0.0, 0.0]])
        key = torch.tensor([[12.0, 0.0], [0.0, 0.0]])
        self.attention.in_proj_weight = nn.Parameter(torch.cat([query, key, torch.eye(2)]))
        self.attention.out_proj.weight = nn.Parameter(torch.eye(2))

    def forward(self, images: Tensor) -> Tensor:
        bright = F.adaptive_avg_pool2d(images.mean(dim=1, keepdim=True), 4).flatten(2).mT
        places = torch.cat([bright, torch.ones_like(bright)], dim=2)
        tokens = torch.cat([self.token.expand(len(images), -1, -1), places], dim=1)
        found = tokens + self.attention(tokens, tokens, tokens, need_weights=False)[0]
        return torch.stack([found[:, 0, 0], -found[:, 0, 0]], dim=1)


@pytest.mark.parametrize("name", ["attention_rollout", "chefer"])
def test_the_maximum_lies_where_the_class_token_looks(name: str) -> None:
    images = 0.2 * images_of(1)
    images[:, :, 6:12, 12:18] += 0.7
    network = OneHead()
    heat = attributions.get(name)(Explained(network), images, torch.tensor([0]))[0]
    row, column = divmod(int(heat.argmax()), SIZE)
    assert 6 <= row < 12
    assert 12 <= column < 18
    against = attributions.get("chefer")(Explained(network), images, torch.tensor([1]))
    assert against.count_nonzero() == 0


def test_the_fused_kernel_is_back_in_place_even_after_an_error() -> None:
    network = of_timm()
    before = [block.attn.fused_attn for block in network.blocks]
    assert any(before)
    attention_of(Explained(network), images_of(1, 64), TARGETS[:1])
    with pytest.raises(AssertionError):
        attention_of(Explained(network), images_of(1, 60), TARGETS[:1])
    assert [block.attn.fused_attn for block in network.blocks] == before
    assert not any(m._forward_hooks for m in network.modules())


class Crossed(OneHead):
    """Attention of the tokens to others than themselves."""

    def forward(self, images: Tensor) -> Tensor:
        tokens = images.flatten(2).mT[:, :, :2]
        return self.attention(tokens, tokens.flip(1), tokens)[0].mean(dim=1)


@pytest.mark.parametrize(
    ("network", "size", "reason"),
    [
        (torchvision.models.mobilenet_v3_small(num_classes=5), 64, "no self-attention"),
        (
            timm.create_model("swin_tiny_patch4_window7_224", img_size=128, window_size=2),
            128,
            "not over all places in every layer",
        ),
        (timm.create_model("xcit_nano_12_p16_224", img_size=64), 64, "no self-attention|not over"),
        (Crossed(), SIZE, "not plain self-attention"),
    ],
    ids=["convolutions", "windows", "channels", "cross-attention"],
)
@pytest.mark.parametrize("name", ["attention_rollout", "chefer"])
def test_what_has_no_attention_over_all_places_is_refused(
    name: str, network: nn.Module, size: int, reason: str
) -> None:
    with pytest.raises(NotApplicable, match=reason):
        attributions.get(name).applies(Explained(network), images_of(1, size))
