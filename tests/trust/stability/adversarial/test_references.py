"""Attacks against independent ones: Foolbox step by step, and the authors' code of AutoAttack."""

from contextlib import redirect_stdout
from io import StringIO

import eagerpy
import foolbox
import pytest
import torch
from pyautoattack.autopgd_base import APGDAttack, APGDAttack_targeted
from pyautoattack.square import SquareAttack

from finetrust.trust.stability.adversarial.apgd import apgd, apgd_targeted
from finetrust.trust.stability.adversarial.attack import Victims
from finetrust.trust.stability.adversarial.fgsm import fgsm
from finetrust.trust.stability.adversarial.losses import cross_entropy, dlr
from finetrust.trust.stability.adversarial.norms import L2, NORMS, LInf
from finetrust.trust.stability.adversarial.pgd import pgd
from finetrust.trust.stability.adversarial.square import square

from .small_models import network, some_digits

N = 200
by_norm = pytest.mark.parametrize("norm", NORMS, ids=lambda norm: norm.name)


def right_digits(eps: float) -> Victims:
    images, labels, seeds = some_digits(N)
    right = network()(images).argmax(1) == labels
    who = Victims(images, labels, torch.full((N,), eps), seeds, images)
    return who.take(right)


def robust(found: object) -> float:
    return float((~found.broken).float().mean())


def robust_points(points: torch.Tensor, who: Victims) -> float:
    return float((network()(points).argmax(1) == who.labels).float().mean())


def by_foolbox(attack: object, who: Victims, eps: float) -> torch.Tensor:
    model = foolbox.PyTorchModel(network(), bounds=(0, 1))
    return attack.run(model, who.images, who.labels, epsilon=eps)


@pytest.mark.parametrize(
    ("norm", "reference", "eps"),
    [
        (LInf(), foolbox.attacks.FGSM(random_start=False), 0.08),
        (L2(), foolbox.attacks.FGM(random_start=False), 0.5),
    ],
    ids=["linf", "l2"],
)
def test_one_step_is_that_of_foolbox(norm, reference, eps):
    who = right_digits(eps)
    found = fgsm(network(), who, norm)
    expected = by_foolbox(reference, who, eps)
    broken = network()(expected).argmax(1) != who.labels
    assert torch.equal(found.broken, broken)
    torch.testing.assert_close(found.points[broken], expected[broken], atol=1e-6, rtol=0)
    assert 0.05 < broken.float().mean() < 0.95


@pytest.mark.parametrize(
    ("norm", "kind", "eps"),
    [
        (LInf(), foolbox.attacks.LinfProjectedGradientDescentAttack, 0.08),
        (L2(), foolbox.attacks.L2ProjectedGradientDescentAttack, 0.5),
    ],
    ids=["linf", "l2"],
)
def test_projected_gradient_descent_is_that_of_foolbox_from_the_same_start(norm, kind, eps):
    who = right_digits(eps)
    reference = kind(rel_stepsize=2.5 / 10, steps=10, random_start=False)
    ours, theirs = pgd(10)(network(), who, norm), by_foolbox(reference, who, eps)
    # An item that is broken on the way leaves here, and may come back there.
    assert 0.05 < robust(ours) <= robust_points(theirs, who) < 0.95
    assert robust_points(theirs, who) - robust(ours) < 0.02


@by_norm
@pytest.mark.parametrize("loss", ["ce", "dlr"])
@pytest.mark.parametrize("eps", [0.04, 0.08])
def test_auto_pgd_from_the_same_start_is_that_of_its_authors(norm, loss, eps):
    eps = eps if norm.name == "linf" else 6 * eps
    who = right_digits(eps)
    ours = apgd({"ce": cross_entropy, "dlr": dlr}[loss], 50)(network(), who, norm)
    reference = APGDAttack(
        network(), n_iter=50, norm={"linf": "Linf", "l2": "L2"}[norm.name], eps=eps, loss=loss,
        device="cpu",
    )  # fmt: skip
    reference.init_hyperparam(who.images)
    _, accuracy, *_ = reference.attack_single_run(who.images, who.labels, who.images.clone())
    theirs = float(accuracy.float().mean())
    assert 0.02 < robust(ours) < 0.98
    assert robust(ours) <= theirs + 0.005


@by_norm
def test_targeted_auto_pgd_is_as_strong_as_that_of_its_authors(norm):
    eps = 0.06 if norm.name == "linf" else 0.35
    who = right_digits(eps)
    unstarted = Victims(who.images, who.labels, who.eps, who.seeds)
    ours = apgd_targeted(5, 25)(network(), unstarted, norm)
    reference = APGDAttack_targeted(
        network(), n_iter=25, norm={"linf": "Linf", "l2": "L2"}[norm.name], eps=eps,
        n_target_classes=5, device="cpu",
    )  # fmt: skip
    with redirect_stdout(StringIO()):
        points = reference.perturb(who.images, who.labels)
    assert 0.05 < robust(ours) < 0.95
    assert robust(ours) <= robust_points(points, who) + 0.005


@by_norm
def test_square_attack_is_as_strong_as_that_of_its_authors(norm):
    eps = 0.12 if norm.name == "linf" else 0.8
    who = right_digits(eps)
    ours = square(300)(network(), who, norm)
    reference = SquareAttack(
        network(), norm={"linf": "Linf", "l2": "L2"}[norm.name], n_queries=300, eps=eps,
        n_restarts=1, resc_schedule=False, device="cpu", seed=0,
    )  # fmt: skip
    points = reference.perturb(who.images, who.labels)
    theirs = robust_points(points, who)
    assert 0.03 < theirs < 0.9
    # Two random searches differ by chance: twice the standard error of their difference.
    assert robust(ours) <= theirs + 2 * (theirs * (1 - theirs) / N) ** 0.5


def test_the_smallest_perturbations_are_no_longer_than_those_of_foolbox():
    from finetrust.trust.stability.adversarial.strength import STRENGTHS
    from finetrust.trust.stability.adversarial.sweep import sweep

    who = right_digits(0.5).take(torch.arange(60))
    found = sweep(
        network(), who.images, who.labels, who.seeds, L2(), (0.125, 0.25, 0.5, 1.0, 2.0), 0.5,
        STRENGTHS["standard"],
    )  # fmt: skip
    model = foolbox.PyTorchModel(network(), bounds=(0, 1))
    points = foolbox.attacks.DDNAttack(steps=100).run(
        model, who.images, criterion=foolbox.criteria.Misclassification(who.labels)
    )
    expected = L2().size(eagerpy.astensor(points).raw - who.images).double().numpy()
    ratio = found.smallest / expected
    assert sorted(ratio)[len(ratio) // 2] < 1.02
    assert ratio.max() < 1.25
