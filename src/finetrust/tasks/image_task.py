"""Tasks with one answer for a whole image: a linear head on the features of a classifier."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import nn

from finetrust.config import ModelOptions, TuneOptions
from finetrust.core.errors import UserError
from finetrust.data.dataset import Dataset
from finetrust.data.images.image_kind import IMAGES
from finetrust.models.assemble import Assembled, assemble_classifier, classifier_network
from finetrust.models.head import take_apart
from finetrust.models.network import Network
from finetrust.models.preprocessing import Preprocessing
from finetrust.tasks.item_samples import ItemSamples
from finetrust.tasks.task import Task


class ImageTask(Task):
    """The model side of a task whose outputs are a few numbers for each image."""

    kind = IMAGES
    counted = "images"

    @abstractmethod
    def n_outputs(self, classes: Sequence[str]) -> int:
        """Return how many numbers the head yields for an image."""

    def head(self, in_features: int, out_features: int, bias: bool = True) -> nn.Linear:
        """Return an untrained head."""
        return nn.Linear(in_features, out_features, bias)

    def assemble(
        self,
        options: ModelOptions,
        dataset: Dataset,
        module: nn.Module | None = None,
        preprocessing: Any = None,
    ) -> Assembled:
        return assemble_classifier(options, module, preprocessing)

    def network(
        self, assembled: Assembled, classes: Sequence[str], options: TuneOptions
    ) -> Network:
        head = self.head(assembled.parts.features, self.n_outputs(classes))
        return classifier_network(assembled.parts.backbone, head, assembled.preprocessing)

    def as_it_comes(
        self, assembled: Assembled, dataset: Dataset
    ) -> tuple[Network, tuple[str, ...]]:
        head = assembled.parts.head
        if head is None:
            raise UserError(
                f"{assembled.provenance.architecture} comes without a classifier that can be judged",
                "Tune it first: finetrust tune.",
            )
        classes, expected = assembled.classes, self.n_outputs(dataset.classes)
        if not classes:
            if head.out_features != expected:
                raise UserError(
                    f"the model has {head.out_features} outputs without names, the data have "
                    f"{expected} classes",
                    "Evaluate on data with the same classes, or tune the model first.",
                )
            classes = dataset.classes
        return classifier_network(assembled.parts.backbone, head, assembled.preprocessing), classes

    def restore(self, module: nn.Module, recipe: Mapping[str, Any], preprocessing: Any) -> Network:
        parts = take_apart(module, preprocessing.input_size)
        return classifier_network(parts.backbone, self.head(**recipe), preprocessing)

    def load_preprocessing(self, values: dict[str, Any], folder: Path) -> Preprocessing:
        return Preprocessing.from_dict(values)

    def samples(self, preprocessing: Any, augment: str) -> ItemSamples:
        return ItemSamples(preprocessing.augmented(augment), preprocessing.collate)
