"""Text classification: one of several classes for each text, or pair of texts."""

from pathlib import Path

from finetrust.core.errors import UserError
from finetrust.data.dataset import Dataset
from finetrust.models.assemble import Assembled
from finetrust.models.network import Network
from finetrust.tasks.class_targets import class_predictions
from finetrust.tasks.one_class import OneClass
from finetrust.tasks.task import tasks
from finetrust.tasks.text_baseline import TextBaseline
from finetrust.tasks.text_task import TextTask, network_as_it_comes


class TextClassification(OneClass, TextTask):
    """Targets are class indices (n,), outputs are logits (n, classes)."""

    options = frozenset({"class_weights", "label_smoothing", "pooling", "max_length"})
    explanations = ("token_attributions", "representatives")
    pipeline = "text-classification"

    def baseline(self, train: Dataset) -> TextBaseline | None:
        return TextBaseline.of_classes(train)

    def load_baseline(self, folder: Path) -> TextBaseline | None:
        return TextBaseline.load(folder, class_predictions)

    def as_it_comes(
        self, assembled: Assembled, dataset: Dataset
    ) -> tuple[Network, tuple[str, ...]]:
        network = network_as_it_comes(assembled)
        return network, class_names(assembled, dataset)


tasks.add("text-classification", TextClassification())


def class_names(assembled: Assembled, dataset: Dataset) -> tuple[str, ...]:
    """Return the names of the outputs that a model came with; of the data where it names none.

    Raises
    ------
    UserError
        If it names none, and has another number of them.
    """
    if assembled.classes:
        return assembled.classes
    outputs = assembled.parts.encoder.config.num_labels
    if outputs != len(dataset.classes):
        raise UserError(
            f"the model has {outputs} outputs without names, the data have "
            f"{len(dataset.classes)} classes",
            "Evaluate on data with the same classes, or tune the model first.",
        )
    return dataset.classes
