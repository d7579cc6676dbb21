"""Every attack: it stays within its bounds, keeps its word, and treats every item for itself."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from finetrust.trust.stability.adversarial.apgd import apgd, apgd_targeted
from finetrust.trust.stability.adversarial.attack import Victims, shortest_along
from finetrust.trust.stability.adversarial.ensemble import ensemble
from finetrust.trust.stability.adversarial.fgsm import fgsm
from finetrust.trust.stability.adversarial.losses import (
    cross_entropy,
    dlr,
    margin,
    targeted_dlr,
)
from finetrust.trust.stability.adversarial.norms import NORMS
from finetrust.trust.stability.adversarial.pgd import pgd
from finetrust.trust.stability.adversarial.square import square

from .small_models import Constant, Linear, network, some_digits

ATTACKS = {
    "fgsm": fgsm,
    "pgd": pgd(10, restarts=2),
    "apgd-ce": apgd(cross_entropy, 12),
    "apgd-dlr": apgd(dlr, 12),
    "apgd-t": apgd_targeted(3, 6),
    "square": square(60),
}
EPS = {"linf": 0.15, "l2": 0.9}

by_attack = pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
by_norm = pytest.mark.parametrize("norm", NORMS, ids=lambda norm: norm.name)


def victims(n: int, norm: object, factor: float = 1.0) -> Victims:
    images, labels, seeds = some_digits(n)
    return Victims(images, labels, torch.full((n,), factor * EPS[norm.name]), seeds)


@by_attack
@by_norm
@settings(max_examples=10)
@given(eps=st.floats(0, 3), seed=st.integers(0, 99), bright=st.booleans())
def test_what_is_found_is_within_the_ball_and_the_box(attack, norm, eps, seed, bright):
    torch.manual_seed(seed)
    images = torch.rand(6, 3, 7, 5)
    images = images.round() if bright else images
    labels = torch.randint(0, 5, (6,))
    weight = torch.randn(5, 105)
    sizes = torch.full((6,), eps) * torch.tensor([0, 0.1, 0.5, 1, 1, 1])
    found = attack(
        lambda x: x.flatten(1) @ weight.T, Victims(images, labels, sizes, labels + seed), norm
    )
    assert (norm.size(found.points - images) <= sizes + 1e-5).all()
    assert (found.points >= 0).all()
    assert (found.points <= 1).all()
    wrong = (found.points.flatten(1) @ weight.T).argmax(1) != labels
    assert torch.equal(wrong[found.broken], torch.ones_like(wrong[found.broken]))
    assert torch.equal(found.points[~found.broken], images[~found.broken])


@by_attack
@by_norm
def test_an_item_is_attacked_alike_in_any_company(attack, norm):
    whole = victims(24, norm)
    order = torch.randperm(24)
    found, shuffled = (attack(network(), who, norm) for who in (whole, whole.take(order)))
    alone = [attack(network(), whole.take(torch.tensor([i])), norm) for i in range(5)]
    assert torch.equal(found.broken[order], shuffled.broken)
    assert torch.equal(found.broken[:5], torch.cat([one.broken for one in alone]))
    torch.testing.assert_close(found.points[order], shuffled.points, atol=1e-4, rtol=0)
    assert found.broken.sum() > 0


@by_norm
def test_ordinary_networks_break_and_stronger_attacks_break_more(norm):
    who = victims(100, norm, 0.6)
    broken = {name: attack(network(), who, norm).broken.sum() for name, attack in ATTACKS.items()}
    assert broken["apgd-ce"] >= broken["fgsm"]
    assert broken["apgd-ce"] >= broken["square"] > 5
    assert broken["apgd-ce"] >= 20


@by_attack
@by_norm
def test_nothing_breaks_a_constant_model_and_nothing_fails_on_it(attack, norm):
    who = Victims(torch.rand(3, 3, 8, 8), torch.zeros(3).long(), torch.ones(3), torch.arange(3))
    assert not attack(Constant(), who, norm).broken.any()


@by_attack
@by_norm
def test_an_output_that_is_no_number_counts_as_wrong_and_harms_no_other(attack, norm):
    clean = victims(8, norm, 0.3)
    spoilt = clean.images.clone()
    spoilt[0] = 0.5

    def logits_of(images):
        grey = (images.flatten(1) - 0.5).abs().amax(dim=1) < 0.4
        return torch.where(grey[:, None], torch.nan, network()(images))

    found = attack(logits_of, Victims(spoilt, clean.labels, clean.eps, clean.seeds), norm)
    expected = attack(network(), clean, norm)
    assert found.broken[0]
    assert torch.equal(found.broken[1:], expected.broken[1:])
    assert found.points.isfinite().all()


@by_norm
def test_an_attack_goes_on_from_where_it_is_told(norm):
    who = victims(40, norm)
    far = apgd(cross_entropy, 30)(network(), who, norm)
    start = Victims(
        *(getattr(who, name) for name in ("images", "labels", "eps", "seeds")), far.points
    )
    again = apgd(cross_entropy, 1)(network(), start, norm)
    assert torch.equal(again.broken, far.broken)


@by_norm
def test_the_line_ends_where_the_answer_changes(norm):
    model = Linear()
    images = torch.rand(20, 3, 6, 6, generator=torch.Generator().manual_seed(1))
    labels = model(images).argmax(1)
    direction = -model.margin(images).sign()[:, None, None, None] * norm.steepest(
        model.weight[None]
    )
    ends = shortest_along(model, images, images + direction, labels, 1e-3)
    assert (model(ends).argmax(1) != labels).all()
    torch.testing.assert_close(
        norm.size(ends - images), model.distance(images, norm.name), rtol=2e-3, atol=1e-4
    )


def test_the_ensemble_names_the_first_attack_that_breaks_an_item():
    (norm, _) = NORMS
    who = victims(60, norm, 0.5)
    attacks = {name: ATTACKS[name] for name in ("square", "apgd-ce")}
    found, by = ensemble(network(), who, norm, attacks)
    black, white = (attacks[name](network(), who, norm).broken for name in attacks)
    assert torch.equal(found.broken, black | white)
    assert torch.equal(by == 0, black)
    assert torch.equal(by == 1, white & ~black)
    assert torch.equal(by == -1, ~(black | white))


def test_losses_are_the_published_formulae():
    logits = torch.tensor([[4.0, 1.0, 3.0, 0.0], [1.0, 5.0, 2.0, 4.0]], dtype=torch.float64)
    labels, targets = torch.tensor([0, 0]), torch.tensor([3, 1])
    expected = {
        margin: [-1.0, 4.0],
        dlr: [-1.0 / 3.0, 4.0 / 3.0],
        targeted_dlr: [-4.0 / (4.0 - 0.5), 4.0 / (5.0 - 1.5)],
    }
    for loss, values in expected.items():
        torch.testing.assert_close(
            loss(logits, labels, targets), torch.tensor(values, dtype=torch.float64)
        )
    for loss in (dlr, targeted_dlr):
        scaled = loss(1e6 * logits + 7, labels, targets)
        torch.testing.assert_close(scaled, loss(logits, labels, targets))
        assert loss(logits[:, :2], labels, labels).isfinite().all()
