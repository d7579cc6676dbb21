"""The attention of an encoder of texts, layer by layer, and how a score depends on it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from finetrust.core.errors import NotApplicable
from finetrust.trust.interpretability.words.embeddings import Embedded, embedded
from finetrust.trust.interpretability.words.method import ExplainedTexts, Maps
from finetrust.trust.interpretability.words.scores import log_odds_of_class
from finetrust.trust.interpretability.words.worded import Worded

_PLAIN = "eager"


@dataclass(frozen=True)
class Attention:
    """Attention maps of the windows of some texts.

    Parameters
    ----------
    maps : tuple of float32 tensors (rows, heads, tokens, tokens)
        From the first layer to the last; a row holds the weights with which a token reads the others.
    gradients : tuple of float32 tensors (rows, heads, tokens, tokens)
        Of the scores of the texts.
    read : float32 tensor (rows, tokens)
        The tokens after the last layer on which the score depends, as weights that add up to 1; all 0
        if there is none.
    """

    maps: tuple[Tensor, ...]
    gradients: tuple[Tensor, ...]
    read: Tensor


Relevance = Callable[[Attention], Tensor]
"""How much each token after the last layer has of each token at the entry: (rows, tokens, tokens)."""


def word_relevance(
    explained: ExplainedTexts, texts: Sequence[Worded], targets: Tensor, relevance: Relevance
) -> Maps:
    """Return what the tokens that are read have of each word, averaged over the windows that hold it.

    Raises
    ------
    NotApplicable
        If the encoder has no self-attention that can be read.
    """
    maps: Maps = [np.empty(0)] * len(texts)
    with _watched(explained) as seen:
        for part in embedded(explained, texts, targets):
            attention, used = _attention(explained, part, seen)
            of_rows = torch.einsum("rt,rts->rs", attention.read, relevance(attention))
            of_tokens = torch.zeros(part.value.shape[:3])
            of_tokens[used] = of_rows.cpu()
            for row, text, summed in zip(
                part.rows.tolist(), part.texts, part.of_words(of_tokens), strict=True
            ):
                maps[row] = summed / _windows_of_words(text)
    return maps


def need_attention(explained: ExplainedTexts, example: Worded) -> None:
    """Raise NotApplicable if the encoder is no transformer whose attention can be read."""
    shape = (1,) if explained.score is log_odds_of_class else (1, 2)
    targets = torch.zeros(shape, dtype=torch.int64)
    word_relevance(explained, [example], targets, lambda attention: attention.maps[-1].mean(dim=1))


def _attention(
    explained: ExplainedTexts, part: Embedded, seen: dict[str, Any]
) -> tuple[Attention, Tensor]:
    """Return the attention of the windows of some texts, and which windows they are: (n, windows)."""
    name = type(explained.encoder).__name__
    seen.clear()
    try:
        total = part.score(part.value.detach().clone().requires_grad_(True)[None]).sum()
    except (TypeError, ValueError, NotImplementedError) as error:
        raise NotApplicable(f"{name} does not read embeddings ({error})") from error
    maps, last = seen.get("maps") or (), seen.get("last")
    if last is None or not maps or any(m is None for m in maps):
        raise NotApplicable(f"{name} has no self-attention that can be read")
    if any(m.ndim != 4 or m.shape[2:] != (last.shape[1],) * 2 for m in maps):
        raise NotApplicable(f"the attention of {name} is not over all tokens in every layer")
    found = torch.autograd.grad(total, [*maps, last], allow_unused=True)
    *by_maps, by_last = (
        torch.zeros_like(x) if g is None else g for x, g in zip([*maps, last], found, strict=True)
    )
    read = (by_last != 0).any(dim=2).float()
    used = torch.zeros(part.value.shape[:2], dtype=torch.bool)
    for row, text in enumerate(part.texts):
        used[row, : len(text.windows)] = True
    return Attention(
        tuple(attention.detach().float() for attention in maps),
        tuple(gradient.float() for gradient in by_maps),
        read / read.sum(dim=1, keepdim=True).clamp(min=1),
    ), used


@contextmanager
def _watched(explained: ExplainedTexts) -> Iterator[dict[str, Any]]:
    """Within this block the attention of every forward pass is written down."""
    model: Any = getattr(explained.encoder, "base_model", explained.encoder)
    name = type(explained.encoder).__name__
    if not hasattr(model, "set_attn_implementation") or not hasattr(model, "config"):
        raise NotApplicable(f"{name} has no self-attention that can be read")
    seen: dict[str, Any] = {}

    def keep(module: object, inputs: object, output: Any) -> None:
        seen["maps"] = tuple(getattr(output, "attentions", None) or ())
        seen["last"] = getattr(output, "last_hidden_state", None)

    kernel, told = model.config._attn_implementation, model.config.output_attentions
    handle = model.register_forward_hook(keep)
    try:
        model.set_attn_implementation(_PLAIN)  # the fused kernel does not say what it weighs
        model.config.output_attentions = True
        yield seen
    except (ValueError, ImportError) as error:
        raise NotApplicable(f"the attention of {name} cannot be read ({error})") from error
    finally:
        handle.remove()
        model.set_attn_implementation(kernel)
        model.config.output_attentions = told


def _windows_of_words(text: Worded) -> np.ndarray:
    """Return how many windows hold each word, by its first token: float64 (words,), at least 1."""
    held = np.zeros(len(text.ids))
    for window in text.windows:
        held[window] += 1
    return np.array([held[tokens[0]] if len(tokens) else 1.0 for tokens in text.tokens])
