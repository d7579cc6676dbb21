"""WiSE-FT: the weights that are kept lie between those before the backbone trained and those after."""

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field
from torch import nn

from finetrust.core.errors import UserError
from finetrust.data.dataset import Dataset
from finetrust.models.weight_average import Weights, interpolated
from finetrust.tuning.addition import Addition, End, Planned, additions

STEP = 0.05
"""Of the mixing coefficients that Wortsman et al. (2022, section 4 and figure 1) try."""


@additions.register("wise-ft")
class WiseFT(Addition):
    """Interpolate between the pretrained backbone under its fitted head and the fine-tuned network.

    Wortsman, Ilharco, Kim, Li, Kornblith, Roelofs, Gontijo-Lopes, Hajishirzi, Farhadi, Namkoong & Schmidt
    (2022), "Robust fine-tuning of zero-shot models", CVPR, arXiv:2109.01903, section 3, eq. 1: ``(1 - alpha)
    theta_0 + alpha theta_1``. Their first end is a zero-shot model; here it is the network as it was when
    the backbone began to train, which needs a head that was fitted by then. Averages such as ema are taken
    along the way, and the second end is what they came to.

    The coefficient is the one that is best on validation data, by the primary figure and then by the
    loss; where training images are attacked, as large a share of the validation images is. At 0 and 1 the
    network is an end, bit for bit. The statistics of batch norm are interpolated like all else, and not
    computed anew as for averages along the way: the head at the first end was fitted to features under the
    pretrained statistics, and others take them from it. Where ResNet-20 of CIFAR-10 was tuned on street
    scenes, a tenth of the way with new statistics had 55 % right on validation data, against 66 % with
    interpolated ones and 65 % at the end itself.
    """

    reads_before: ClassVar[bool] = True

    step: Annotated[float, Field(ge=0.001, le=0.5)] = Field(
        STEP, description="Distance between the coefficients that are tried, from 0 to 1."
    )
    alpha: Annotated[float, Field(ge=0, le=1)] | None = Field(
        None,
        description="Share of the fine-tuned weights. [default: the best on validation data; the "
        "authors advise 0.5 where nothing is known of the inputs to come]",
    )

    def check(self, planned: Planned) -> None:
        phases = planned.phases
        if planned.options.weights == "random":
            raise UserError(
                "wise-ft goes back to pretrained weights, and --weights random has none",
                "Leave wise-ft out, as with --strategy full.",
            )
        opening = next((k for k, phase in enumerate(phases) if phase.trains_backbone), None)
        if opening is None:
            raise UserError(
                "wise-ft has no effect where the backbone stays frozen: both ends are the same",
                "Choose a strategy that trains it, such as 'lp-ft + wise-ft'.",
            )
        if opening == 0:
            raise UserError(
                "wise-ft starts from the pretrained backbone under a fitted head, and here the head "
                "trains only together with it",
                "Choose a strategy that fits it first, such as 'lp-ft + wise-ft'.",
            )
        rival = next((n for n, a in planned.added.items() if a.keeps_last and not a.disturbs), None)
        if self.alpha is None and rival is not None:
            raise UserError(
                f"wise-ft chooses its coefficient on validation data as they are, which undoes {rival}",
                "State it: wise-ft(alpha=0.5).",
            )
        if self.alpha is None and not planned.validates:
            raise UserError(
                "wise-ft chooses its coefficient on validation data, and there are none",
                "Give --val-fraction, or state it: wise-ft(alpha=0.5).",
            )

    def check_splits(self, train: Dataset, val: Dataset) -> None:
        if self.alpha is None and not len(val):
            raise UserError(
                "wise-ft chooses its coefficient on validation data, and so few items leave none",
                "Give more items, or state it: wise-ft(alpha=0.5).",
            )

    def finish(self, end: End) -> dict[str, Any]:
        assert end.before is not None, "the backbone has trained"
        path = _Path(end.before, end)
        curve, disturbed = [], 0.0
        for alpha in coefficients(self.step):
            validated = end.validated(path.at(alpha))
            if not validated.figures:
                break  # there are no validation data
            curve.append({"alpha": alpha, **validated.figures, **validated.facts})
            disturbed = validated.share
        primary = end.start.task.primary
        alpha = best_coefficient(curve, primary) if self.alpha is None else self.alpha
        path.at(alpha)
        return {
            "alpha": alpha,
            "chosen": self.alpha is None,
            "primary": primary,
            "disturbed": disturbed,
            "curve": curve,
        }


def coefficients(step: float) -> list[float]:
    """Return what is tried: from 0 to 1, at most `step` apart and as far from each other."""
    return [float(alpha) for alpha in np.linspace(0, 1, math.ceil(round(1 / step, 6)) + 1).round(6)]


def best_coefficient(curve: Sequence[Mapping[str, Any]], primary: str) -> float:
    """Return the coefficient with the best primary figure, then the lowest loss, then the largest.

    Parameters
    ----------
    curve : sequence of mapping
        ``alpha``, the primary figure and ``loss`` of each coefficient that was tried.
    primary : str
    """

    def rank(point: Mapping[str, Any]) -> tuple[float, float, float]:
        return point.get(primary, -math.inf), -point.get("loss", 0.0), point["alpha"]

    return max(curve, key=rank)["alpha"]


class _Path:
    """The straight line from the weights before to those after, in the network itself."""

    def __init__(self, before: Weights, end: End) -> None:
        self._network = end.network
        self._after = {
            name: t.detach().to("cpu", copy=True) for name, t in end.network.state_dict().items()
        }
        self._before = {name: before[name] for name in self._after}

    def at(self, alpha: float) -> nn.Module:
        """Put the network at a place on the line, and return it."""
        self._network.load_state_dict(interpolated(self._before, self._after, alpha))
        return self._network
