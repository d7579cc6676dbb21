"""Auto-PGD: projected gradient ascent that halves its own steps where they gain too little.

Croce & Hein, "Reliable evaluation of adversarial robustness with an ensemble of diverse
parameter-free attacks", ICML 2020, section 3 and algorithm 1, with the constants that the authors
publish with their code.
"""

from dataclasses import dataclass, fields
from functools import partial

import torch
from torch import Tensor

from finetrust.trust.stability.adversarial.attack import (
    Attack,
    Attacked,
    LogitsOf,
    Victims,
    ascent,
    is_wrong,
)
from finetrust.trust.stability.adversarial.losses import Loss, targeted_dlr
from finetrust.trust.stability.adversarial.norms import Norm, spread, within

_FIRST_STEP = 2.0
_MOMENTUM = 0.75
_ENOUGH_RISES = 0.75
_FIRST_WINDOW, _SHORTER, _LEAST_WINDOW = 0.22, 0.03, 0.06


def apgd(loss: Loss, steps: int = 100) -> Attack:
    """Return the attack that drives up a loss in so many steps, and drops what is broken.

    It starts where the victims say, or else at random on the ball's surface.
    """
    return partial(_apgd, loss=loss, steps=steps)


def apgd_targeted(classes: int = 9, steps: int = 100) -> Attack:
    """Return the attack that tries each of the most likely wrong classes in turn.

    Parameters
    ----------
    classes : int
        How many of them; as many as there are, if that is less.
    steps : int
        For each class.
    """
    return partial(_apgd_targeted, classes=classes, steps=steps)


def _apgd_targeted(
    logits_of: LogitsOf, victims: Victims, norm: Norm, *, classes: int, steps: int
) -> Attacked:
    with torch.no_grad():
        logits = logits_of(victims.images)
    wrong = logits.scatter(1, victims.labels[:, None], -torch.inf)
    order = wrong.argsort(dim=1, descending=True)[:, : min(classes, logits.shape[1] - 1)]
    found = Attacked(victims.images.clone(), torch.zeros_like(victims.labels, dtype=torch.bool))
    for rank in range(order.shape[1]):
        rows = torch.nonzero(~found.broken)[:, 0]
        if not len(rows):
            break
        left = victims.take(rows)
        new = _apgd(
            logits_of, left, norm,
            loss=targeted_dlr, steps=steps, targets=order[rows, rank], stream=1 + rank,
        )  # fmt: skip
        found.points[rows], found.broken[rows] = new.points, new.broken
    return found


@dataclass
class _State:
    """All that is kept of the items not yet broken; every field has one row an item."""

    rows: Tensor
    images: Tensor
    labels: Tensor
    targets: Tensor
    eps: Tensor
    points: Tensor
    previous: Tensor
    gradient: Tensor
    loss: Tensor
    best_points: Tensor
    best_gradient: Tensor
    best_loss: Tensor
    step: Tensor
    rises: Tensor
    best_at_check: Tensor
    halved: Tensor

    def keep(self, kept: Tensor) -> None:
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name)[kept])


def _apgd(
    logits_of: LogitsOf,
    victims: Victims,
    norm: Norm,
    *,
    loss: Loss,
    steps: int,
    targets: Tensor | None = None,
    stream: int = 0,
) -> Attacked:
    found = Attacked(victims.images.clone(), torch.zeros_like(victims.labels, dtype=torch.bool))
    images, labels = victims.images, victims.labels
    targets = labels if targets is None else targets
    points = victims.start
    if points is None:
        change = norm.random(images, victims.seeds, stream)
        points = images + spread(victims.eps, images) * change
    points = within(norm, images, points, victims.eps)
    logits, losses, gradient = ascent(logits_of, points, labels, targets, loss)
    state = _State(
        rows=torch.arange(len(labels), device=labels.device),
        images=images, labels=labels, targets=targets, eps=victims.eps,
        points=points, previous=points, gradient=gradient, loss=losses,
        best_points=points, best_gradient=gradient, best_loss=losses,
        step=_FIRST_STEP * victims.eps, rises=torch.zeros_like(losses),
        best_at_check=losses, halved=torch.ones_like(labels, dtype=torch.bool),
    )  # fmt: skip
    _drop_broken(state, logits, found)
    window, since = max(int(_FIRST_WINDOW * steps), 1), 0
    for i in range(steps):
        if not len(state.rows):
            break
        _move(state, norm, 1.0 if i == 0 else _MOMENTUM)
        if i == steps - 1:
            with torch.no_grad():
                _drop_broken(state, logits_of(state.points), found)
            break
        logits, losses, gradient = ascent(
            logits_of, state.points, state.labels, state.targets, loss
        )
        _note(state, losses, gradient)
        _drop_broken(state, logits, found)
        since += 1
        if since == window:
            _check_steps(state, window)
            window, since = _next_window(window, steps), 0
    return found


def _move(state: _State, norm: Norm, share: float) -> None:
    """Take the step of equation 3, `share` of it new and the rest the way of the last step."""
    way = spread(state.step, state.points) * norm.steepest(state.gradient)
    straight = within(norm, state.images, state.points + way, state.eps)
    inertia = state.points - state.previous
    moved = state.points + share * (straight - state.points) + (1 - share) * inertia
    state.previous = state.points
    state.points = within(norm, state.images, moved, state.eps)


def _note(state: _State, losses: Tensor, gradient: Tensor) -> None:
    state.gradient = gradient
    state.rises = state.rises + (losses > state.loss)
    state.loss = losses
    better = losses > state.best_loss
    state.best_points = torch.where(spread(better, gradient) > 0, state.points, state.best_points)
    state.best_gradient = torch.where(spread(better, gradient) > 0, gradient, state.best_gradient)
    state.best_loss = torch.where(better, losses, state.best_loss)


def _drop_broken(state: _State, logits: Tensor, found: Attacked) -> None:
    broken = is_wrong(logits, state.labels)
    if broken.any():
        found.points[state.rows[broken]] = state.points[broken]
        found.broken[state.rows[broken]] = True
        state.keep(~broken)


def _check_steps(state: _State, window: int) -> None:
    """Halve the steps of items that rose too seldom or not above their best (conditions 1 and 2).

    Those go on from their best point.
    """
    seldom = state.rises <= _ENOUGH_RISES * window
    stuck = ~state.halved & (state.best_at_check >= state.best_loss)
    halved = seldom | stuck
    state.step = torch.where(halved, state.step / 2, state.step)
    back = spread(halved, state.points) > 0
    state.points = torch.where(back, state.best_points, state.points)
    state.gradient = torch.where(back, state.best_gradient, state.gradient)
    state.halved, state.best_at_check = halved, state.best_loss
    state.rises = torch.zeros_like(state.rises)


def _next_window(window: int, steps: int) -> int:
    shorter = window - max(int(_SHORTER * steps), 1)
    return max(shorter, int(_LEAST_WINDOW * steps), 1)
