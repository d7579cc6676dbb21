"""Batches of tagged words."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from finetrust.tasks.token_samples import PADDING, TokenCrossEntropy, TokenSamples


def tags_of(*rows: list[int]) -> torch.Tensor:
    samples = TokenSamples(lambda value: value, list)
    return samples.targets([np.array(row, np.int64) for row in rows])


def test_targets_are_padded_to_the_longest_text() -> None:
    found = tags_of([1, 2], [0], [3, 1, 2])
    assert found.tolist() == [[1, 2, PADDING], [0, PADDING, PADDING], [3, 1, 2]]
    assert found.dtype == torch.int64


def test_the_loss_is_the_mean_over_words_and_padding_costs_nothing() -> None:
    logits = torch.randn(2, 3, 4)
    found = TokenCrossEntropy(None, 0.0)(logits, tags_of([1, 2, 0], [3]))
    single = torch.cat([logits[0], logits[1, :1]])
    assert torch.allclose(found, functional.cross_entropy(single, torch.tensor([1, 2, 0, 3])))


def test_part_of_a_batch_may_have_shorter_texts_than_its_targets() -> None:
    logits = torch.randn(1, 2, 4)
    part = tags_of([1, 2], [0, 1, 2])[:1]
    expected = functional.cross_entropy(logits[0], torch.tensor([1, 2]))
    assert torch.allclose(TokenCrossEntropy(None, 0.0)(logits, part), expected)


def test_weights_and_smoothing_are_those_of_cross_entropy() -> None:
    weight = torch.tensor([0.1, 1.0, 2.0])
    logits, tags = torch.randn(1, 5, 3), tags_of([0, 1, 2, 1, 0])
    expected = nn.CrossEntropyLoss(weight, label_smoothing=0.1)(logits[0], tags[0])
    assert torch.allclose(TokenCrossEntropy(weight, 0.1)(logits, tags), expected)
