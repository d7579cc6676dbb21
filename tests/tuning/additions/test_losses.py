"""The losses themselves: their equations, what they become in the limit, and their gradients."""

import math
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional
from torchvision.ops import sigmoid_focal_loss
from torchvision.transforms import v2

from finetrust import UserError
from finetrust.data.dataset import Dataset
from finetrust.data.masks.masks import IGNORE, MaskArray
from finetrust.tasks.segmentation_losses import CrossEntropy, Dice
from finetrust.tasks.token_samples import PADDING, TokenCrossEntropy
from finetrust.tuning.additions.class_balanced import ClassBalanced
from finetrust.tuning.additions.focal import Focal
from finetrust.tuning.additions.generalised_cross_entropy import GeneralisedCrossEntropy
from finetrust.tuning.additions.logit_adjusted import LogitAdjusted
from finetrust.tuning.additions.symmetric_cross_entropy import SymmetricCrossEntropy
from finetrust.tuning.losses.loss_addition import LossAddition

COUNTS = (50, 7, 1, 20)
seeds = st.integers(0, 2**31)
smoothings = st.sampled_from([0.0, 0.1])
_SHAPES = {"items": (9,), "words": (3, 5), "pixels": (2, 4, 8)}
shapes = st.sampled_from(sorted(_SHAPES))


def of_counts(counts: tuple[int, ...]) -> Dataset:
    """Return so many items, words or pixels of each class: all that a loss asks the data for."""
    targets = np.repeat(np.arange(len(counts)), counts)
    return SimpleNamespace(targets=targets, classes=tuple("abcd")[: len(counts)])


def start(train: Dataset) -> SimpleNamespace:
    return SimpleNamespace(train=train)


def replaced(
    addition: LossAddition,
    weight: Tensor | None = None,
    smoothing: float = 0.0,
    counts: tuple[int, ...] = COUNTS,
) -> nn.Module:
    criterion = nn.CrossEntropyLoss(weight, label_smoothing=smoothing)
    return addition.criterion(start(of_counts(counts)), criterion)


def batch(seed: int, n: int = 6, classes: int = 4) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(n, classes, generator=generator, dtype=torch.float64)
    return logits, torch.randint(classes, (n,), generator=generator)


def softmax(row: list[float]) -> list[float]:
    e = [math.exp(value) for value in row]
    return [value / sum(e) for value in e]


def adjusted(row: list[float], c: int) -> float:
    """Menon et al., eq. 10, with tau = 1.5."""
    priors = [count / sum(COUNTS) for count in COUNTS]
    return -math.log(
        softmax([f + 1.5 * math.log(pi) for f, pi in zip(row, priors, strict=True)])[c]
    )


def balanced(row: list[float], c: int) -> float:
    """Cui et al., eq. 10, with beta = 0.9, divided by the mean factor of the training items."""
    factors = [(1 - 0.9) / (1 - 0.9**n) for n in COUNTS]
    mean = sum(f * n for f, n in zip(factors, COUNTS, strict=True)) / sum(COUNTS)
    return -factors[c] / mean * math.log(softmax(row)[c])


def symmetric(row: list[float], c: int) -> float:
    """Wang et al., eq. 8: both cross entropies as sums over the classes, log 0 being -4."""
    p = softmax(row)
    label = [float(k == c) for k in range(len(p))]
    forward = -sum(q * math.log(r) for q, r in zip(label, p, strict=True))
    reverse = -sum(r * (math.log(q) if q else -4.0) for q, r in zip(label, p, strict=True))
    return 0.3 * forward + 2.0 * reverse


LOSSES: dict[str, tuple[LossAddition, Callable[[list[float], int], float]]] = {
    "focal": (
        Focal(gamma=1.7),
        lambda row, c: -((1 - softmax(row)[c]) ** 1.7) * math.log(softmax(row)[c]),
    ),
    "logit-adjusted": (LogitAdjusted(tau=1.5), adjusted),
    "class-balanced": (ClassBalanced(beta=0.9), balanced),
    "generalised": (
        GeneralisedCrossEntropy(q=0.6),
        lambda row, c: (1 - softmax(row)[c] ** 0.6) / 0.6,
    ),
    "symmetric": (SymmetricCrossEntropy(alpha=0.3, beta=2.0), symmetric),
}
names = pytest.mark.parametrize("name", LOSSES)
close = {"rtol": 1e-5, "atol": 1e-7}


@names
@given(seed=seeds)
@settings(max_examples=15, deadline=None)
def test_the_loss_is_the_mean_of_the_equation(name: str, seed: int) -> None:
    addition, of_class = LOSSES[name]
    logits, targets = batch(seed)
    rows = zip(logits.tolist(), targets.tolist(), strict=True)
    expected = np.mean([of_class(row, c) for row, c in rows])
    assert float(replaced(addition)(logits, targets)) == pytest.approx(expected, rel=1e-5)


@names
@given(seed=seeds, smoothing=smoothings)
@settings(max_examples=15, deadline=None)
def test_a_soft_target_is_the_mean_of_its_classes(name: str, seed: int, smoothing: float) -> None:
    addition, of_class = LOSSES[name]
    logits, targets = batch(seed)
    shares = torch.tensor(np.random.default_rng(seed).dirichlet(np.ones(4), len(logits)))
    loss = replaced(addition, smoothing=smoothing)

    def expected(given: Tensor) -> float:
        smooth = (1 - smoothing) * given + smoothing / 4
        rows = zip(logits.tolist(), smooth.tolist(), strict=True)
        every = [sum(q[c] * of_class(row, c) for c in range(4)) for row, q in rows]
        return float(np.mean(every))

    assert float(loss(logits, shares)) == pytest.approx(expected(shares), rel=1e-5)
    hard = functional.one_hot(targets, 4).double()
    assert float(loss(logits, targets)) == pytest.approx(expected(hard), rel=1e-5)
    torch.testing.assert_close(loss(logits, hard), loss(logits, targets), **close)


def cross_entropies() -> dict[str, LossAddition]:
    return {
        "focal, gamma 0": Focal(gamma=0),
        "generalised, q to 0": GeneralisedCrossEntropy(q=1e-9),
        "symmetric, beta 0": SymmetricCrossEntropy(alpha=1, beta=0),
        "logit-adjusted, tau 0": LogitAdjusted(tau=0),
        "class-balanced, beta 0": ClassBalanced(beta=0),
    }


def criterion_and_batch(
    shape: str, seed: int, smoothing: float, weighted: bool
) -> tuple[nn.Module, Tensor, Tensor, Dataset]:
    """Return a task's own criterion, a batch with targets to ignore, and training data."""
    generator = torch.Generator().manual_seed(seed)
    weight = torch.tensor([1.0, 2.0, 0.5, 3.0], dtype=torch.float64) if weighted else None
    size = _SHAPES[shape]
    targets = torch.randint(4, size, generator=generator)
    ignored = torch.rand(size, generator=generator) < 0.3
    ignored.view(-1)[0] = False
    labels = targets.numpy()
    if shape == "pixels":
        logits = torch.randn(2, 4, 1, 2, generator=generator, dtype=torch.float64)
        masks = np.empty(2, object)
        masks[:] = [MaskArray(mask.astype(np.uint8), 4) for mask in labels]
        train = SimpleNamespace(targets=masks, classes=tuple("abcd"))
        wanted = targets.masked_fill(ignored, IGNORE)
        return CrossEntropy(weight, smoothing), logits, wanted, train
    wanted = targets.masked_fill(ignored, PADDING)
    logits = torch.randn(*size, 4, generator=generator, dtype=torch.float64)
    if shape == "words":
        longer = functional.pad(wanted, (0, 2), value=PADDING)
        train = SimpleNamespace(targets=list(labels), classes=tuple("abcd"))
        return TokenCrossEntropy(weight, smoothing), logits, longer, train
    train = SimpleNamespace(targets=labels, classes=tuple("abcd"))
    criterion = nn.CrossEntropyLoss(weight, label_smoothing=smoothing)
    return criterion, logits, wanted, train


@pytest.mark.parametrize("name", cross_entropies())
@given(seed=seeds, shape=shapes, smoothing=smoothings, weighted=st.booleans())
@settings(max_examples=25, deadline=None)
def test_at_its_limit_it_is_the_criterion_of_the_task(
    name: str, seed: int, shape: str, smoothing: float, weighted: bool
) -> None:
    """Items, words and pixels, with what is to be ignored, weights of the classes and smoothing."""
    criterion, logits, targets, train = criterion_and_batch(shape, seed, smoothing, weighted)
    loss = cross_entropies()[name].criterion(start(train), criterion)
    mine, theirs = (logits.clone().requires_grad_() for _ in range(2))
    found, expected = loss(mine, targets), criterion(theirs, targets)
    torch.testing.assert_close(found, expected, **close)
    found.backward()
    expected.backward()
    torch.testing.assert_close(mine.grad, theirs.grad, **close)


@given(seed=seeds, weighted=st.booleans(), smoothing=smoothings)
@settings(max_examples=25, deadline=None)
def test_of_mixed_items_the_limit_is_torchs_cross_entropy(
    seed: int, weighted: bool, smoothing: float
) -> None:
    torch.manual_seed(seed)
    weight = torch.tensor([1.0, 2.0, 0.5, 3.0]) if weighted else None
    _, shares = v2.MixUp(alpha=1.0, num_classes=4)(torch.rand(6, 3, 2, 2), torch.arange(6) % 4)
    logits = torch.randn(6, 4)
    expected = functional.cross_entropy(logits, shares, weight, label_smoothing=smoothing)
    for addition in (Focal(gamma=0), SymmetricCrossEntropy(alpha=1, beta=0)):
        loss = replaced(addition, weight, smoothing)
        torch.testing.assert_close(loss(logits, shares), expected, rtol=1e-5, atol=1e-6)


@given(seed=seeds, shape=shapes)
@settings(max_examples=25, deadline=None)
def test_on_balanced_classes_adjusting_and_balancing_change_nothing(seed: int, shape: str) -> None:
    criterion, logits, targets, train = criterion_and_batch(shape, seed, 0.0, weighted=False)
    even = np.arange(32).reshape(4, 8) % 4
    if shape == "pixels":
        train.targets[:] = [MaskArray(even.astype(np.uint8), 4)] * 2
    else:
        train.targets = even.ravel() if shape == "items" else list(even)
    for addition in (LogitAdjusted(tau=1.0), ClassBalanced(beta=0.999)):
        loss = addition.criterion(start(train), criterion)
        torch.testing.assert_close(loss(logits, targets), criterion(logits, targets), **close)


@given(seed=seeds, shape=shapes)
@settings(max_examples=25, deadline=None)
def test_classes_are_counted_where_the_loss_is_a_mean(seed: int, shape: str) -> None:
    """Of words and pixels, not of texts and images; a class that is missing counts as one."""
    criterion, logits, targets, train = criterion_and_batch(shape, seed, 0.0, weighted=False)
    flat = [mask.read() for mask in train.targets] if shape == "pixels" else train.targets
    counts = np.bincount(np.concatenate([np.ravel(f) for f in flat]), minlength=4).clip(1)
    prior = torch.tensor(np.log(counts / counts.sum()))
    found = LogitAdjusted().criterion(start(train), criterion)(logits, targets)
    shifted = logits + (prior.view(1, 4, 1, 1) if shape == "pixels" else prior)
    torch.testing.assert_close(found, criterion(shifted, targets), **close)


@given(seed=seeds, gamma=st.floats(0, 5))
@settings(max_examples=25, deadline=None)
def test_focal_of_two_classes_is_that_of_torchvision(seed: int, gamma: float) -> None:
    logits, targets = batch(seed, classes=2)
    margin = logits[:, 1] - logits[:, 0]
    expected = sigmoid_focal_loss(margin, targets.double(), -1, gamma, reduction="mean")
    found = replaced(Focal(gamma=gamma))(logits, targets)
    torch.testing.assert_close(found, expected, rtol=1e-8, atol=1e-10)


@given(seed=seeds)
@settings(max_examples=25, deadline=None)
def test_focal_with_class_weights_is_the_papers_equation_5(seed: int) -> None:
    logits, targets = batch(seed)
    weight = torch.tensor([1.0, 2.0, 0.5, 3.0], dtype=torch.float64)
    p = logits.softmax(1)[torch.arange(len(targets)), targets]
    alpha = weight[targets]
    expected = (-alpha * (1 - p) ** 2 * p.log()).sum() / alpha.sum()
    torch.testing.assert_close(replaced(Focal(), weight)(logits, targets), expected)


def test_generalised_cross_entropy_ends_at_half_the_mean_absolute_error() -> None:
    logits, targets = batch(0)
    error = (logits.softmax(1) - functional.one_hot(targets, 4)).abs().sum(1).mean()
    found = replaced(GeneralisedCrossEntropy(q=1))(logits, targets)
    torch.testing.assert_close(found, error / 2)


def test_class_balanced_goes_from_even_items_to_even_classes() -> None:
    """Towards beta = 1 all classes weigh the same in sum over the training data."""
    loss = replaced(ClassBalanced(beta=1 - 1e-9))
    weights = loss.factor.numpy() * np.array(COUNTS)
    np.testing.assert_allclose(weights, weights.mean(), rtol=1e-5)
    for beta in (0.0, 0.9, 0.999):
        mean = (replaced(ClassBalanced(beta=beta)).factor.numpy() * COUNTS).sum() / sum(COUNTS)
        assert mean == pytest.approx(1, rel=1e-6)


def test_class_balanced_says_so_where_no_class_is_rare_enough(
    capfd: pytest.CaptureFixture[str],
) -> None:
    replaced(ClassBalanced(), counts=(50, 7))
    assert not capfd.readouterr().err
    replaced(ClassBalanced(), counts=(20_000, 9_000))
    assert "all classes weigh alike, for the rarest occurs 9000 times" in " ".join(
        capfd.readouterr().err.split()
    )


@pytest.mark.parametrize(
    "addition",
    [
        Focal(),
        Focal(gamma=0.01),
        Focal(gamma=0.5),
        Focal(gamma=0),
        LogitAdjusted(),
        ClassBalanced(),
        GeneralisedCrossEntropy(),
        GeneralisedCrossEntropy(q=0.01),
        SymmetricCrossEntropy(),
    ],
    ids=repr,
)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_gradients_are_finite_however_sure_the_network_is(
    addition: LossAddition, smoothing: float
) -> None:
    for scale in (1e4, 88.0, 17.0, 16.0, 1.0, 1e-4):
        logits = scale * torch.tensor([[1.0, -1.0, 0.0, 1.0], [-1.0, 1.0, -1.0, -1.0]])
        rows = logits.repeat_interleave(4, 0).requires_grad_()
        loss = replaced(addition, smoothing=smoothing)
        for targets in (torch.arange(8) % 4, torch.full((8, 4), 0.25)):
            value = loss(rows, targets)
            (gradient,) = torch.autograd.grad(value, rows)
            assert 0 <= float(value.detach()) < math.inf
            assert gradient.isfinite().all()
            assert gradient.abs().max() < 100


def test_wrong_labels_pull_less_the_surer_the_network_is() -> None:
    """Cross entropy's pull does not fall; that of the two robust losses does."""
    logits = torch.tensor([[6.0, 0.0, 0.0, 0.0]], requires_grad=True)
    wrong = torch.tensor([1])

    def pull(loss: nn.Module) -> float:
        return float(torch.autograd.grad(loss(logits, wrong), logits)[0].abs().sum())

    full = pull(nn.CrossEntropyLoss())
    assert pull(replaced(GeneralisedCrossEntropy())) < 0.05 * full
    assert pull(replaced(SymmetricCrossEntropy())) < 0.15 * full


@names
def test_a_batch_with_nothing_to_learn_from_costs_nothing(name: str) -> None:
    criterion, logits, targets, train = criterion_and_batch("pixels", 0, 0.1, weighted=False)
    loss = LOSSES[name][0].criterion(start(train), criterion)
    logits.requires_grad_()
    value = loss(logits, torch.full_like(targets, IGNORE))
    value.backward()
    assert float(value.detach()) == 0
    assert (logits.grad == 0).all()


def test_another_criterion_is_refused_in_one_line() -> None:
    for criterion in (Dice(), nn.MSELoss()):
        with pytest.raises(UserError, match="which no loss over classes can replace") as raised:
            Focal().criterion(start(of_counts(COUNTS)), criterion)
        assert "\n" not in str(raised.value)
