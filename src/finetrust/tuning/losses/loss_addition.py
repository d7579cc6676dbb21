"""What the additions that are the loss of the run have in common."""

from typing import ClassVar

from finetrust.core.errors import UserError
from finetrust.tasks.one_class import OneClass
from finetrust.tasks.segmentation import Segmentation
from finetrust.tasks.token_classification import TokenClassification
from finetrust.tuning.addition import Addition, Planned


class LossAddition(Addition):
    """A loss in place of the cross entropy over the classes of images, texts, words or pixels."""

    place = "loss"

    named: ClassVar[str]
    """What it is registered as."""

    of_frequency: ClassVar[bool] = False
    """Whether it makes up for rare classes, as ``--class-weights balanced`` does."""

    def check(self, planned: Planned) -> None:
        options = planned.options
        if not isinstance(planned.task, OneClass | TokenClassification | Segmentation):
            raise UserError(
                f"{self.named} takes the place of a cross entropy over classes, and this task has "
                "another loss",
                f"Leave {self.named} out.",
            )
        if options.loss not in (None, "cross-entropy"):
            raise UserError(
                f"{self.named} and --loss {options.loss} both are the loss of the run",
                "Leave one of them out.",
            )
        if self.of_frequency and options.class_weights == "balanced":
            raise UserError(
                f"{self.named} and --class-weights balanced both make up for rare classes",
                "Leave one of them out.",
            )
