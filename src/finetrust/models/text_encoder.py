"""A text encoder of the transformers library as a backbone: tokens to one feature, or one a word."""

from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor, nn

Pooling = Literal["mean", "cls", "last", "words", "logits"]

POOLINGS: tuple[Pooling, ...] = ("mean", "cls", "last")
"""How the tokens of a text become one feature."""

CLASSIFIERS = "ForSequenceClassification"
"""How the names of models end that come with a classifier of texts."""

_TOKENS_AT_ONCE = 1 << 15


class TextEncoder(nn.Module):
    """Batches of :class:`~finetrust.models.text_preprocessing.TextPreprocessing` to features.

    Parameters
    ----------
    encoder : nn.Module
        Of the transformers library; its first output is the states of the tokens, or the logits of
        each row where it comes with a classifier of texts.
    pooling : {"mean", "cls", "last", "words", "logits"}
        ``mean`` of the tokens of all windows; the state of the first (``cls``) or ``last`` token of
        each window, averaged over the windows by their tokens; ``words``, the state of each word's
        first token; or ``logits``, those of the classifier, averaged over the windows.
    """

    def __init__(self, encoder: nn.Module, pooling: Pooling) -> None:
        super().__init__()
        self.encoder = encoder
        self.pooling = pooling

    @property
    def features(self) -> int:
        """How many numbers a feature has."""
        return int(self.encoder.config.hidden_size)  # type: ignore[union-attr,arg-type]

    @property
    def has_classifier(self) -> bool:
        """Whether it comes with a classifier of texts."""
        return type(self.encoder).__name__.endswith(CLASSIFIERS)

    def pooled(self, pooling: Pooling | None = None) -> "TextEncoder":
        """Return the same encoder with another pooling, without what only a classifier needs."""
        if pooling == "logits":
            return TextEncoder(self.encoder, "logits")
        encoder: Any = self.encoder.base_model if self.has_classifier else self.encoder
        if encoder.config.is_encoder_decoder:
            encoder = encoder.get_encoder()
        if getattr(encoder, "pooler", None) is not None:
            encoder.pooler = None
        return TextEncoder(encoder, pooling or self.pooling)

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Map a batch to features.

        Parameters
        ----------
        inputs : mapping of str to Tensor
            ``input_ids`` and ``attention_mask`` (n, windows, tokens), or instead of the first
            ``inputs_embeds`` (n, windows, tokens, d); ``token_type_ids``, ``words`` and ``n_words``
            where there are any.

        Returns
        -------
        Tensor (n, d), or with ``words`` (n, most words, d)
            Zero beyond an item's own words.
        """
        mask = inputs["attention_mask"]
        used = mask.any(dim=-1)
        rows = {
            name: inputs[name][used]
            for name in ("input_ids", "inputs_embeds", "attention_mask", "token_type_ids")
            if name in inputs
        }
        states = self._states(rows)
        if self.pooling == "words":
            return _of_words(states, inputs["words"][used], used, inputs["n_words"])
        return _of_texts(_POOLED[self.pooling](states, rows["attention_mask"]), mask, used)

    def extra_repr(self) -> str:
        """Name the pooling: features depend on it."""
        return f"pooling={self.pooling}"

    def _states(self, rows: Mapping[str, Tensor]) -> Tensor:
        """Return the states (rows, tokens, d); without gradients not too many at once."""
        n, length = rows["attention_mask"].shape
        at_once = n if torch.is_grad_enabled() else max(1, _TOKENS_AT_ONCE // length)
        parts = [
            self.encoder(
                **{name: tensor[start : start + at_once] for name, tensor in rows.items()}
            )[0]
            for start in range(0, n, at_once)
        ]
        return parts[0] if len(parts) == 1 else torch.cat(parts)


def _sum_of_tokens(states: Tensor, mask: Tensor) -> Tensor:
    return (states * mask.unsqueeze(-1)).sum(dim=1, dtype=torch.float32)


def _first_token(states: Tensor, mask: Tensor) -> Tensor:
    return states[:, 0].float() * mask.sum(dim=1, keepdim=True)


def _last_token(states: Tensor, mask: Tensor) -> Tensor:
    lengths = mask.sum(dim=1)
    last = states[torch.arange(len(states), device=states.device), lengths - 1]
    return last.float() * lengths.unsqueeze(-1)


def _as_it_is(logits: Tensor, mask: Tensor) -> Tensor:
    return logits.float() * mask.sum(dim=1, keepdim=True)


_POOLED = {
    "mean": _sum_of_tokens,
    "cls": _first_token,
    "last": _last_token,
    "logits": _as_it_is,
}
"""From states and mask of windows to features (rows, d), times the number of tokens."""


def _of_texts(of_windows: Tensor, mask: Tensor, used: Tensor) -> Tensor:
    """Return the weighted mean of the windows of each text."""
    item = used.nonzero()[:, 0]
    total = of_windows.new_zeros(len(mask), of_windows.shape[1]).index_add(0, item, of_windows)
    return total / mask.sum(dim=(1, 2)).unsqueeze(-1)


def _of_words(states: Tensor, words: Tensor, used: Tensor, n_words: Tensor) -> Tensor:
    """Return the state of the token that stands for each word."""
    item = used.nonzero()[:, 0].unsqueeze(-1).expand_as(words)
    stands = words >= 0
    longest = int(n_words.max()) if len(n_words) else 0
    features = states.new_zeros(len(n_words), longest, states.shape[-1], dtype=torch.float32)
    return features.index_put((item[stands], words[stands]), states[stands].float())
