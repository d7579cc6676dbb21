"""Correctness ranking: items that are more often right are to be answered more surely (Moon et al. 2020)."""

import torch
from pydantic import Field
from torch import Tensor

from finetrust.config import NonNegative
from finetrust.core.errors import UserError
from finetrust.tasks.one_class import OneClass
from finetrust.tuning.addition import Addition, Gather, Penalty, Planned, Start, Step, additions

WEIGHT = 1.0
"""Lambda of the authors' code (section 4.1)."""


@additions.register("correctness-ranking")
class CorrectnessRanking(Addition):
    """Penalty where confidence is in another order than how often items were answered rightly.

    Moon, Kim, Shin & Hwang (2020), "Confidence-Aware Learning for Deep Neural Networks", ICML: the
    correctness ranking loss; see :func:`ranking_loss`. Confidence is the largest probability. How often
    an item was right is counted over all epochs of the run, so that a probe before the backbone trains
    already tells easy from hard. It is the plain share; the authors' code also shifts the least one to 0.
    """

    weight: NonNegative = Field(WEIGHT, description="Lambda: weight of the ranking loss.")

    def check(self, planned: Planned) -> None:
        if not isinstance(planned.task, OneClass):
            raise UserError(
                "correctness-ranking counts how often the one class of an image or a text was "
                f"answered rightly, and this task is {planned.task.pipeline or 'another'}",
                "Leave correctness-ranking out.",
            )
        if planned.mixing:
            raise UserError(
                f"correctness-ranking and {planned.mixing}: a mixed image has no one right class",
                "Leave one of them out.",
            )
        if sum(phase.epochs for phase in planned.phases) < 2:
            raise UserError(
                "correctness-ranking has no effect in one epoch: nothing was answered before",
                "Give more --epochs.",
            )

    def penalty(self, start: Start) -> Penalty | None:
        return (
            _Ranking(len(start.train), self.weight, start.network.device) if self.weight else None
        )


class _Ranking(Penalty):
    """Pairs are neighbours among the items of a pass, the last one with the first."""

    def __init__(self, items: int, weight: float, device: torch.device) -> None:
        self._seen = torch.zeros(items, dtype=torch.int64, device=device)
        self._right = torch.zeros(items, dtype=torch.int64, device=device)
        self._weight = weight
        self._noted: list[Tensor] = []

    def term(self, step: Step) -> Tensor:
        logits = step.outputs.float()
        rows = step.rows.to(logits.device)
        self._noted.append(torch.stack([rows, (logits.argmax(1) == step.targets).long()], 1))
        correctness = self._right[rows] / self._seen[rows].clamp(min=1)
        return self._weight * ranking_loss(logits.softmax(1).amax(1), correctness)

    def begin(self) -> None:
        # The counts are those of the whole run; but a trial may have ended within a step.
        self._noted.clear()

    def after_step(self, gather: Gather) -> None:
        # Of several passes over an item in one step the first counts, made with the weights as they were.
        noted = gather(_first_of_each(torch.cat(self._noted)))
        rows, right = _first_of_each(noted[noted[:, 0] >= 0]).unbind(1)
        self._seen[rows] += 1
        self._right[rows] += right
        self._noted.clear()

    def state(self) -> dict[str, Tensor]:
        return {"seen": self._seen, "right": self._right}


def ranking_loss(confidence: Tensor, correctness: Tensor) -> Tensor:
    """Return how far confidence is from the order, and the distances, of correctness.

    Moon et al. (2020), eq. 2, the mean over the pairs of an item i and the next one, j:
    ``max(0, -g(c_i, c_j) (k_i - k_j) + |c_i - c_j|)`` with ``g`` the sign of ``c_i - c_j``. Equal
    correctness asks for nothing.

    Parameters
    ----------
    confidence : float tensor (n,)
        ``k``, in [0, 1].
    correctness : float tensor (n,)
        ``c``, the share of times that the item was answered rightly. No gradient flows through it.

    Returns
    -------
    float tensor ()
    """
    difference = correctness - correctness.roll(-1)
    gained = difference.sign() * (confidence - confidence.roll(-1))
    return (difference.abs() - gained).clamp(min=0).mean()


def _first_of_each(noted: Tensor) -> Tensor:
    """Return the first of the rows of `noted` (n, 2) of each item, by number of the item."""
    order = noted[:, 0].argsort(stable=True)
    ordered = noted[order]
    new = torch.ones(len(ordered), dtype=torch.bool, device=noted.device)
    new[1:] = ordered[1:, 0] != ordered[:-1, 0]
    return ordered[new]
