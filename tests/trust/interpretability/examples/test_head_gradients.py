import numpy as np
import pytest
import torch

from finetrust.trust.interpretability.examples.head_gradients import head_gradients


def by_autograd(features, labels, weights, bias):
    rows = []
    for feature, label in zip(features, labels, strict=True):
        layer = torch.nn.Linear(*weights.shape, bias=bias is not None).double()
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(weights.T))
            if bias is not None:
                layer.bias.copy_(torch.from_numpy(bias))
        logits = layer(torch.from_numpy(feature)[None])
        torch.nn.functional.cross_entropy(logits, torch.tensor([label])).backward()
        rows.append(np.concatenate([p.grad.numpy().ravel() for p in layer.parameters()]))
    return np.stack(rows)


@pytest.mark.parametrize("with_bias", [True, False])
def test_products_and_lengths_are_those_of_autograd(with_bias):
    rng = np.random.default_rng(0)
    features, others = rng.normal(size=(6, 5)), rng.normal(size=(4, 5))
    labels, other_labels = rng.integers(0, 3, 6), rng.integers(0, 3, 4)
    weights, bias = rng.normal(size=(5, 3)), rng.normal(size=3) if with_bias else None
    one = head_gradients(features, labels, weights, bias)
    two = head_gradients(others, other_labels, weights, bias)
    expected = by_autograd(features, labels, weights, bias)
    np.testing.assert_allclose(
        one.products(two), expected @ by_autograd(others, other_labels, weights, bias).T
    )
    np.testing.assert_allclose(one.squared_lengths(), np.square(expected).sum(axis=1))
