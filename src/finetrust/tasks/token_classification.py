"""Token classification: a tag for each word of a text, and the entities that the tags name."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from finetrust.config import DataColumns, TuneOptions
from finetrust.core.errors import UserError
from finetrust.core.predictions import Predictions
from finetrust.data.dataset import Dataset
from finetrust.tasks.averages import mean_of_classes
from finetrust.tasks.class_targets import balanced_weights
from finetrust.tasks.tag_targets import (
    aligned_tags,
    in_one_scheme,
    rarest_types,
    require_tags,
    told_entities,
    words_by_tag,
)
from finetrust.tasks.task import Baseline, Objective, TrainingDefaults, tasks
from finetrust.tasks.text_task import TextTask
from finetrust.tasks.token_answers import (
    Judged,
    decoded_entities,
    entities_line,
    judged_tags,
    tag_figures,
    tag_predictions,
)
from finetrust.tasks.token_baseline import TokenBaseline
from finetrust.tasks.token_samples import TokenCrossEntropy, TokenSamples


class TokenClassification(TextTask):
    """Targets are tags (words,), outputs are logits (n, words, tags).

    Entities are judged. Where the tags have no prefixes (B-, I-), words of the same tag in a row are
    one entity; where no tag stands for outside (parts of speech), every word is.
    """

    words = True
    primary = "entity_f1"
    options = frozenset({"class_weights", "label_smoothing", "max_length"})
    background = ("O",)
    headlines = {"accuracy": "entity_f1", "stability": "corruption_entity_f1"}
    average = staticmethod(mean_of_classes)
    explanations = ("entity_attributions",)
    counted = "words"
    pipeline = "token-classification"
    near_copies_agree = False
    defaults = TrainingDefaults(
        without_batch_norm=1.0,
        scratch_rate=3e-4,
        augment="none",
        probe_epochs=10,
        full_epochs=3,
    )

    def prepare(self, dataset: Dataset, options: DataColumns) -> Dataset:
        return in_one_scheme(require_tags(dataset))

    def align(self, dataset: Dataset, classes: tuple[str, ...]) -> Dataset:
        return aligned_tags(dataset, classes)

    def refuse(self, before: Dataset, after: Dataset) -> None:
        if np.count_nonzero(words_by_tag(after)) < 2:
            raise UserError(
                f"{before.name}: all words have the same tag; tagging needs two at least",
                "Add texts with words of another tag.",
            )

    def strata(self, dataset: Dataset) -> np.ndarray:
        return rarest_types(dataset)

    def class_counts(self, dataset: Dataset) -> np.ndarray:
        return words_by_tag(dataset)

    def label(self, target: Any, classes: Sequence[str]) -> str:
        return told_entities(target, classes)

    def baseline(self, train: Dataset) -> Baseline | None:
        return TokenBaseline.fit(train)

    def load_baseline(self, folder: Path) -> Baseline | None:
        return TokenBaseline.load(folder)

    def n_outputs(self, classes: Sequence[str]) -> int:
        return len(classes)

    def samples(self, preprocessing: Any, augment: str) -> TokenSamples:
        return TokenSamples(preprocessing.transform(), preprocessing.collate)

    def objective(self, options: TuneOptions, train: Dataset) -> Objective:
        balanced = options.class_weights == "balanced"
        weight = balanced_weights(words_by_tag(train)) if balanced else None
        return Objective(TokenCrossEntropy(weight, options.label_smoothing))

    def judge(self, outputs: Tensor, targets: Tensor) -> Judged:
        return judged_tags(outputs, targets)

    def figures(self, judged: Sequence[Judged], classes: Sequence[str]) -> dict[str, float]:
        return tag_figures(judged, classes)

    def predictions(self, part: Dataset, outputs: Tensor) -> Predictions:
        return tag_predictions(part, outputs.float().cpu().numpy())

    def decode(
        self,
        outputs: Tensor,
        values: Sequence[Any],
        classes: Sequence[str],
        calibration: Mapping[str, Any],
        top: int,
    ) -> list[dict[str, Any]]:
        return decoded_entities(outputs, values, classes, calibration)

    def line(self, answer: Mapping[str, Any]) -> str:
        return entities_line(answer)


tasks.add("token-classification", TokenClassification())
