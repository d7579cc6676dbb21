"""The attention of a vision transformer, layer by layer, and how a logit depends on it.

Of timm's attention modules and of ``torch.nn.MultiheadAttention`` (torchvision's transformers).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from finetrust.core.errors import NotApplicable
from finetrust.models.layout import Layout, layout_of
from finetrust.trust.interpretability.attributions.attribution import Explained
from finetrust.trust.interpretability.layer_features import heat_of
from finetrust.trust.interpretability.spatial_layer import evaluating


@dataclass(frozen=True)
class Attention:
    """Attention maps of a batch.

    Parameters
    ----------
    maps : tuple of float32 tensors (n, heads, tokens, tokens)
        From the first layer to the last; a row holds the weights with which a token reads the others.
    gradients : tuple of float32 tensors (n, heads, tokens, tokens)
        Of the targets' logits.
    read : float32 tensor (n, tokens)
        The tokens after the last attention on which the logits depend, as weights that add up to 1:
        the class token, or all places alike; all 0 if there is none.
    layout : Layout
        Where among the tokens the places are.
    """

    maps: tuple[Tensor, ...]
    gradients: tuple[Tensor, ...]
    read: Tensor
    layout: Layout

    def heat(self, relevance: Tensor, size: torch.Size) -> Tensor:
        """Return what the tokens that are read have of each place.

        Parameters
        ----------
        relevance : float tensor (n, tokens, tokens)
            How much each token (row) has of each token at the entry.
        size : torch.Size
            Height and width of the image.

        Returns
        -------
        float32 tensor (n, h, w)
            Enlarged bilinearly and divided by the maximum.
        """
        of_tokens = torch.einsum("nt,nts->ns", self.read, relevance)[:, :, None]
        return heat_of(self.layout.channels_first(of_tokens)[:, 0], size)


def attention_of(explained: Explained, images: Tensor, targets: Tensor) -> Attention:
    """Return the attention maps of a transformer that is left as it was.

    Raises
    ------
    NotApplicable
        If the network has no self-attention that is known, or not over all places in every layer.
    """
    network = explained.network
    with evaluating(network), torch.inference_mode(False), torch.enable_grad():
        points = images.detach().clone().requires_grad_(True)
        with _watched(network) as seen:
            logits = network(points)
        layout = _layout(network, seen, points)
        of_target = logits.gather(1, targets.clone()[:, None]).sum()
        gradients = torch.autograd.grad(
            of_target, [*seen.maps, seen.outputs[-1]], allow_unused=True
        )
    *by_maps, by_last = (
        torch.zeros_like(x) if g is None else g
        for x, g in zip([*seen.maps, seen.outputs[-1]], gradients, strict=True)
    )
    read = (by_last != 0).any(dim=2).float()
    return Attention(
        tuple(attention.detach().float() for attention in seen.maps),
        tuple(gradient.float() for gradient in by_maps),
        read / read.sum(dim=1, keepdim=True).clamp(min=1),
        layout,
    )


def need_attention(explained: Explained, example: Tensor) -> None:
    """Raise NotApplicable if the network is no transformer whose attention can be read."""
    first = torch.zeros(len(example), dtype=torch.int64, device=example.device)
    attention_of(explained, example, first)


@dataclass
class _Seen:
    maps: list[Tensor] = field(default_factory=list)
    outputs: list[Tensor] = field(default_factory=list)


@contextmanager
def _watched(network: nn.Module) -> Iterator[_Seen]:
    """Within this block the attention of a forward pass is written down."""
    seen, handles, fused = _Seen(), [], []
    module: Any
    for module in network.modules():
        if isinstance(module, nn.MultiheadAttention):
            handles.append(module.register_forward_hook(_spelled_out(seen), with_kwargs=True))
        elif isinstance(dropout := getattr(module, "attn_drop", None), nn.Module) and hasattr(
            module, "fused_attn"
        ):
            fused.append((module, module.fused_attn))
            module.fused_attn = False  # the fused kernel does not say what it weighs
            handles.append(dropout.register_forward_hook(lambda m, i, o: seen.maps.append(o)))
            handles.append(module.register_forward_hook(lambda m, i, o: seen.outputs.append(o)))
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()
        for module, was in fused:
            module.fused_attn = was


def _spelled_out(seen: _Seen) -> Any:
    """Return a hook that does the work of a MultiheadAttention again, step by step."""

    def hook(
        module: nn.MultiheadAttention, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any
    ) -> tuple[Tensor, None]:
        given = {**dict(zip(("query", "key", "value"), args, strict=False)), **kwargs}
        tokens, masks = given["query"], (given.get("key_padding_mask"), given.get("attn_mask"))
        plain = module.in_proj_weight is not None and module.bias_k is None
        if (
            not plain
            or module.add_zero_attn
            or len(args) > 3
            or any(mask is not None for mask in masks)
            or given["key"] is not tokens
            or given["value"] is not tokens
        ):
            raise NotApplicable("its attention is not plain self-attention")
        if not module.batch_first:
            tokens = tokens.transpose(0, 1)
        n, t, width = tokens.shape
        projected = nn.functional.linear(tokens, module.in_proj_weight, module.in_proj_bias)
        heads = projected.view(n, t, 3, module.num_heads, module.head_dim).permute(2, 0, 3, 1, 4)
        query, key, value = heads.unbind(0)
        weights = (query @ key.mT * module.head_dim**-0.5).softmax(dim=-1)
        mixed = module.out_proj((weights @ value).transpose(1, 2).reshape(n, t, width))
        seen.maps.append(weights)
        seen.outputs.append(mixed)
        return (mixed if module.batch_first else mixed.transpose(0, 1)), None

    return hook


def _layout(network: nn.Module, seen: _Seen, images: Tensor) -> Layout:
    name = type(network).__name__
    if not seen.maps or len(seen.maps) != len(seen.outputs):
        raise NotApplicable(f"{name} has no self-attention that can be read")
    last = seen.outputs[-1]
    layout = layout_of(network, last, images) if last.ndim == 3 else None
    shape = (len(images), last.shape[1], last.shape[1])
    if layout is None or any((len(a), *a.shape[2:]) != shape for a in seen.maps):
        raise NotApplicable(f"the attention of {name} is not over all places in every layer")
    return layout
