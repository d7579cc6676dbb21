"""A small network for texts of several lengths: a vector for each word, from the word's length."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from finetrust.data.dataset import Dataset
from finetrust.models.network import Network, as_they_are

Text = tuple[str, ...]


class WordPreprocessing:
    """Words become their lengths; a batch holds them padded, and a mask of which are there."""

    def __init__(self, at_once: int = 4) -> None:
        self.at_once = at_once

    def __repr__(self) -> str:
        return "WordPreprocessing()"

    def transform(self) -> Callable[[Text], Tensor]:
        return lambda text: torch.tensor([len(word) for word in text])

    def collate(self, prepared: Sequence[Tensor]) -> dict[str, Tensor]:
        ids = nn.utils.rnn.pad_sequence(list(prepared), batch_first=True)
        return {"ids": ids, "mask": ids > 0}

    def normaliser(self) -> nn.Module:
        return nn.Identity()

    def example(self, n: int) -> dict[str, Tensor]:
        return self.collate([torch.tensor([1, 2, 3])] * n)

    def items_at_once(self, on_cpu: bool) -> int:
        return self.at_once

    def feature_lengths(self, inputs: dict[str, Tensor]) -> Tensor:
        return inputs["mask"].sum(1)

    def lengths(self, values: Sequence[Text]) -> list[int]:
        return [len(values[i]) for i in range(len(values))]

    def to_dict(self) -> dict[str, Any]:
        return {}

    def save(self, folder: Path) -> dict[str, Any]:
        return {}


class WordVectors(nn.Module):
    """Features (n, words, 3) of a word's own length alone, zero where there is no word."""

    def __init__(self) -> None:
        super().__init__()
        self.vectors = nn.Embedding(20, 3)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        return self.vectors(inputs["ids"]) * inputs["mask"][..., None]


def word_network(outputs: int = 2) -> Network:
    """Return a network with one row of outputs for each word."""
    torch.manual_seed(0)
    head = nn.Linear(3, outputs, bias=False)
    return Network(WordVectors(), head, WordPreprocessing(), features_of=as_they_are).eval()


class Texts:
    """Texts, which count how often they are read."""

    def __init__(self, texts: Sequence[Text]) -> None:
        self.texts, self.reads = texts, 0

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, index: int) -> Text:
        self.reads += 1
        return self.texts[index]

    def content(self, index: int) -> bytes:
        return " ".join(self.texts[index]).encode()

    def location(self, index: int) -> None:
        return None


def texts_of(lengths: Sequence[int]) -> Dataset:
    """Return texts of so many words, all different, with one target an item."""
    texts = [tuple("x" * (1 + (7 * i + w) % 19) for w in range(n)) for i, n in enumerate(lengths)]
    inputs = Texts(texts)
    return Dataset(
        "texts",
        tuple(f"text {i}" for i in range(len(texts))),
        inputs,
        np.arange(len(texts)),
        tuple(map(str, range(len(texts)))),
        np.full(len(texts), "train"),
        digests=tuple(
            hashlib.sha256(f"{i} ".encode() + inputs.content(i)).hexdigest()
            for i in range(len(texts))
        ),
    )
