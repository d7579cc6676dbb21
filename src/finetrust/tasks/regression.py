"""Regression: one number for each image, and the measures of how far off it is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from finetrust.config import DataColumns, TuneOptions
from finetrust.core.errors import NotApplicable, UserError
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.core.predictions import Predictions
from finetrust.data.dataset import Dataset
from finetrust.models.network import Network
from finetrust.tasks.averages import mean_of_numbers
from finetrust.tasks.image_task import ImageTask
from finetrust.tasks.task import Objective, tasks
from finetrust.trust.accuracy.intervals import (
    RESAMPLES,
    bca_interval,
    bootstrap_mean,
    resampled_means,
)


class ScaledLinear(nn.Linear):
    """A linear layer whose outputs are in the scale of the training targets from the first step."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        super().__init__(in_features, out_features, bias)
        self.register_buffer("mean", torch.zeros(()))
        self.register_buffer("deviation", torch.ones(()))

    def forward(self, features: Tensor) -> Tensor:
        """Map features (n, in_features) to numbers (n, out_features)."""
        return self.mean + self.deviation * super().forward(features)


class SquaredError(nn.Module):
    """Mean squared error in units of the training targets' variance."""

    def __init__(self, variance: float) -> None:
        super().__init__()
        self.variance = variance

    def forward(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return ((outputs[:, 0] - targets) ** 2).mean() / self.variance


class Regression(ImageTask):
    """Targets are numbers (n,), outputs are numbers (n, 1)."""

    primary = "r2"
    headlines = {"accuracy": "r2"}
    changes = frozenset({"frame"})
    average = staticmethod(mean_of_numbers)

    def prepare(self, dataset: Dataset, options: DataColumns) -> Dataset:
        if dataset.targets.dtype.kind == "f" and dataset.targets.ndim == 1:
            return dataset
        if dataset.targets.dtype.kind != "i" or not dataset.classes:
            raise UserError(
                f"{dataset.name}: the data are made for {dataset.task}, regression takes numbers",
                "Leave --task out.",
            )
        values = np.array([_number(dataset.name, label) for label in dataset.classes])
        return replace(dataset, targets=values[dataset.targets], classes=())

    def label(self, target: Any, classes: Sequence[str]) -> str:
        return f"{target:g}"

    def n_outputs(self, classes: Sequence[str]) -> int:
        return 1

    def head(self, in_features: int, out_features: int, bias: bool = True) -> ScaledLinear:
        return ScaledLinear(in_features, out_features, bias)

    def begin(self, network: Network, train: Dataset) -> None:
        head = network.head
        assert isinstance(head, ScaledLinear)
        head.mean.fill_(float(train.targets.mean()))
        head.deviation.fill_(float(train.targets.std()) or 1.0)

    def objective(self, options: TuneOptions, train: Dataset) -> Objective:
        return Objective(SquaredError(float(train.targets.var()) or 1.0))

    def judge(self, outputs: Tensor, targets: Tensor) -> tuple[np.ndarray, np.ndarray]:
        return outputs[:, 0].double().cpu().numpy(), targets.cpu().numpy()

    def figures(
        self, judged: Sequence[tuple[np.ndarray, np.ndarray]], classes: Sequence[str]
    ) -> dict[str, float]:
        values, targets = (np.concatenate(column) for column in zip(*judged, strict=True))
        errors = (values - targets) ** 2
        return {"loss": float(errors.mean()), "r2": _r2(errors.mean(), targets.var())}

    def predictions(self, part: Dataset, outputs: Tensor) -> Predictions:
        columns = {
            "number": part.targets,
            "predicted_number": outputs[:, 0].double().cpu().numpy(),
        }
        return Predictions(np.asarray(part.ids, dtype=str), columns)

    def decode(
        self,
        outputs: Tensor,
        values: Sequence[Any],
        classes: Sequence[str],
        calibration: Mapping[str, Any],
        top: int,
    ) -> list[dict[str, Any]]:
        return [{"number": number} for number in outputs[:, 0].tolist()]


tasks.add("regression", Regression())


@measure(
    "mae",
    axis="accuracy",
    title="Mean absolute error",
    better="lower",
    method="Mean distance of the predicted number from the true one. BCa bootstrap over items.",
    reference="Willmott & Matsuura 2005, Climate Research 30, eq. 2",
    needs=("number", "predicted_number"),
    topic="right",
)
def mae(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the mean absolute error, in the unit of the targets."""
    errors = np.abs(evidence.clean["predicted_number"] - evidence.clean["number"])
    low, high = bootstrap_mean(errors, evidence.seed)
    yield Estimate(float(errors.mean()), low, high, len(errors))


@measure(
    "r2",
    axis="accuracy",
    title="Explained variance (R²)",
    better="higher",
    method="1 for perfect predictions, 0 for those that are no better than the mean of the true "
    "numbers. BCa bootstrap over items.",
    reference="Wright 1921, Journal of Agricultural Research 20",
    needs=("number", "predicted_number"),
    meaning="It says which part of the differences between the numbers is predicted.",
    topic="right",
)
def r2(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the coefficient of determination."""
    targets = evidence.clean["number"]
    if len(targets) < 2 or targets.std() == 0:
        raise NotApplicable("all true numbers are the same")
    errors = (evidence.clean["predicted_number"] - targets) ** 2
    centred = targets - targets.mean()
    value = _r2(errors.mean(), targets.var())
    means = resampled_means(
        np.stack([errors, centred, centred**2], axis=1), RESAMPLES, evidence.seed
    )
    variances = means[:, 2] - means[:, 1] ** 2
    known = variances > 0
    low, high = bca_interval(
        value, 1 - means[known, 0] / variances[known], (1 - value) * centred**2 - errors
    )
    yield Estimate(value, low, high, len(targets))


def _r2(squared_error: float, variance: float) -> float:
    return 1 - float(squared_error / variance) if variance else 0.0


def _number(name: str, label: str) -> float:
    try:
        value = float(label)
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise UserError(
            f"{name}: label '{label}' is no number", "Mend the label, or leave --task out."
        )
    return value
