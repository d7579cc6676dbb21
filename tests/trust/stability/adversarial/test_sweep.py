"""One sweep over all sizes: closed forms, planted masks, and agreement with attacks at one size."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from finetrust.trust.stability.adversarial.attack import Victims
from finetrust.trust.stability.adversarial.ensemble import ensemble
from finetrust.trust.stability.adversarial.norms import NORMS
from finetrust.trust.stability.adversarial.strength import STRENGTHS
from finetrust.trust.stability.adversarial.sweep import Sweep, sweep

from .small_models import Constant, Linear, Masked, network, some_digits

GRIDS = {"linf": (0.01, 0.02, 0.04, 0.08, 0.16), "l2": (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)}
QUICK = STRENGTHS["quick"]
STANDARD = replace(STRENGTHS["standard"], square=40, apgd_ce=15, apgd_dlr=15)
"""The attacks of standard effort, but for less time."""

by_norm = pytest.mark.parametrize("norm", NORMS, ids=lambda norm: norm.name)


def swept(model: object, images: object, labels: object, norm: object, strength: object) -> Sweep:
    grid = GRIDS[norm.name]
    seeds = torch.arange(len(labels)) + 7
    return sweep(model, images, labels, seeds, norm, grid, grid[-2], strength)


def signs(found: Sweep, right: np.ndarray) -> dict[str, float]:
    shown = {
        "zero": found.zero_gradient,
        "unbounded": ~found.boundless,
        "single": found.single_step & ~found.multi_step,
    }
    if found.black_box is not None:
        shown["black"] = found.black_box
    return {name: float(values[right].mean()) for name, values in shown.items()}


@by_norm
@pytest.mark.parametrize("effort", ["quick", "standard"])
def test_the_distance_to_a_plane_is_found_within_one_percent(norm, effort):
    model = Linear()
    # Grey enough that the edges of the box are out of reach.
    images = 0.4 + 0.2 * torch.rand(40, 3, 6, 6, generator=torch.Generator().manual_seed(3))
    labels = model(images).argmax(1)
    found = swept(model, images, labels, norm, {"quick": QUICK, "standard": STANDARD}[effort])
    exact = model.distance(images, norm.name).double().numpy()
    assert (exact < GRIDS[norm.name][-1]).all()
    ratio = found.smallest / exact
    assert ratio.min() > 1 - 1e-4
    assert ratio.max() < {"quick": 1.04, "standard": 1.01}[effort]
    for eps in GRIDS[norm.name]:
        assert (found.smallest > eps).sum() == pytest.approx((exact > eps).sum(), abs=1)


@by_norm
def test_a_constant_model_withstands_everything(norm):
    images, labels = torch.rand(6, 3, 8, 8), torch.tensor([0, 0, 0, 0, 1, 2])
    found = swept(Constant(), images, labels, norm, QUICK)
    assert found.smallest.tolist() == [np.inf] * 4 + [0, 0]
    assert found.broken_by.tolist() == [""] * 6
    assert found.zero_gradient.all()
    assert found.boundless.tolist() == [False] * 4 + [True] * 2


@by_norm
def test_an_ordinary_network_shows_no_sign_of_masks(norm):
    images, labels, _ = some_digits(100)
    found = swept(network(), images, labels, norm, replace(STANDARD, refinements=1))
    right = found.answer == labels.numpy()
    assert set(signs(found, right).values()) == {0.0}
    assert found.smallest[~right].tolist() == [0] * (~right).sum()


@by_norm
def test_rounded_inputs_show_signs_of_masks(norm):
    images, labels, _ = some_digits(60)
    found = swept(Masked(network(), "rounded"), images, labels, norm, STANDARD)
    shown = signs(found, found.answer == labels.numpy())
    assert shown["zero"] == 1
    assert shown["unbounded"] + shown["black"] > 0.5


def test_enormous_logits_show_signs_of_masks():
    images, labels, _ = some_digits(60)
    (norm, _) = NORMS
    found = swept(Masked(network(), "scaled"), images, labels, norm, QUICK)
    right = found.answer == labels.numpy()
    assert signs(found, right)["zero"] > 0.9
    plain = swept(network(), images, labels, norm, QUICK)
    assert (found.smallest[right] > 0.08).mean() > (plain.smallest[right] > 0.08).mean() + 0.2
    # The ratio of differences does not see the scale.
    strong = swept(Masked(network(), "scaled"), images, labels, norm, STANDARD)
    assert (strong.smallest[right] > 0.08).mean() < (plain.smallest[right] > 0.08).mean() + 0.05


def test_a_black_box_that_wins_is_noted():
    images, labels, _ = some_digits(40)
    grid = (0.1, 0.2, 0.3)
    found = sweep(
        Masked(network(), "rounded"), images, labels, torch.arange(40), NORMS[0], grid, 0.3,
        replace(STANDARD, apgd_ce=3, apgd_dlr=0),
    )  # fmt: skip
    assert found.black_box.mean() > 0.2


@by_norm
def test_a_sweep_is_as_strong_as_the_ensemble_at_every_single_size(norm):
    images, labels, seeds = some_digits(100)
    found = swept(network(), images, labels, norm, STANDARD)
    for eps in GRIDS[norm.name][1:-1]:
        alone, _ = ensemble(
            network(), Victims(images, labels, torch.full((100,), eps), seeds), norm,
            {name: attack for name, attack in STANDARD.attacks().items() if name != "square"},
        )  # fmt: skip
        wrong = (network()(images).argmax(1) != labels).numpy()
        assert ((found.smallest <= eps) | wrong).sum() >= (alone.broken.numpy() | wrong).sum()


@by_norm
def test_items_are_swept_alike_in_any_company(norm):
    images, labels, seeds = some_digits(30)
    grid = GRIDS[norm.name]

    def run(rows: torch.Tensor) -> Sweep:
        return sweep(
            network(), images[rows], labels[rows], seeds[rows], norm, grid, grid[-2], QUICK
        )

    order = torch.randperm(30)
    whole, shuffled = run(torch.arange(30)), run(order)
    np.testing.assert_allclose(whole.smallest[order], shuffled.smallest, rtol=1e-3)
    assert whole.broken_by[order].tolist() == shuffled.broken_by.tolist()


def test_full_effort_has_the_constants_of_autoattack():
    full = STRENGTHS["full"]
    assert list(full.attacks()) == ["apgd-ce", "apgd-t", "square"]
    assert (full.apgd_ce, full.apgd_t, full.apgd_t_classes, full.square) == (100, 100, 9, 5000)
