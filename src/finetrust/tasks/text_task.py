"""Tasks on texts: a linear head on the features of an encoder of the transformers library."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import nn

from finetrust.config import ModelOptions, TuneOptions
from finetrust.core.errors import UserError
from finetrust.data.dataset import Dataset
from finetrust.data.texts.text_kind import TEXTS
from finetrust.models.assemble import Assembled, pretrained_model
from finetrust.models.network import Network, as_they_are
from finetrust.models.source import Pretrained
from finetrust.models.text_encoder import Pooling, TextEncoder
from finetrust.models.text_model import fit_encoder
from finetrust.models.text_preprocessing import TextPreprocessing
from finetrust.tasks.item_samples import ItemSamples
from finetrust.tasks.task import Task, TrainingDefaults


class TextTask(Task):
    """The model side of a task whose outputs are a few numbers for each text, or for each word."""

    kind = TEXTS
    counted = "texts"
    changes = frozenset()
    defaults = TrainingDefaults(
        backbone_share=0.2,
        without_batch_norm=1.0,
        scratch_rate=3e-4,
        augment="none",
        full_epochs=3,
    )

    words = False
    """Whether outputs are of words."""

    @abstractmethod
    def n_outputs(self, classes: Sequence[str]) -> int:
        """Return how many numbers the head yields for a text or a word."""

    def assemble(
        self,
        options: ModelOptions,
        dataset: Dataset,
        module: nn.Module | None = None,
        preprocessing: Any = None,
    ) -> Assembled:
        architecture, pretrained = pretrained_model(options, module)
        encoder = _encoder(pretrained)
        prepared = preprocessing or pretrained.preprocessing
        if not isinstance(prepared, TextPreprocessing):
            raise UserError(
                f"{pretrained.provenance.source}: the tokenizer of this model is not known",
                "Give it too: preprocessing=TextPreprocessing.of(tokenizer).",
            )
        provenance = pretrained.provenance
        if pretrained.file is not None:
            encoder = encoder.pooled()
            notes = (*provenance.notes, *fit_encoder(encoder.encoder, pretrained.file))
            provenance = replace(provenance, notes=notes)
        return Assembled(
            architecture,
            encoder,
            prepared.overridden(options.max_length, self.words),
            provenance,
            pretrained.classes,
        )

    def network(
        self, assembled: Assembled, classes: Sequence[str], options: TuneOptions
    ) -> Network:
        encoder = assembled.parts.pooled("words" if self.words else options.pooling)
        head = nn.Linear(encoder.features, self.n_outputs(classes))
        return _network(encoder, head, assembled.preprocessing)

    def as_it_comes(
        self, assembled: Assembled, dataset: Dataset
    ) -> tuple[Network, tuple[str, ...]]:
        raise UserError(
            f"{assembled.provenance.architecture} comes without a head that can be judged",
            "Tune it first: finetrust tune.",
        )

    def restore(self, module: nn.Module, recipe: Mapping[str, Any], preprocessing: Any) -> Network:
        of_head = {name: value for name, value in recipe.items() if name != "pooling"}
        pooling: Pooling = recipe["pooling"]
        encoder = _as_encoder(module).pooled(pooling)
        head = nn.Linear(**of_head) if of_head else nn.Identity()
        return _network(encoder, head, preprocessing)

    def load_preprocessing(self, values: dict[str, Any], folder: Path) -> TextPreprocessing:
        return TextPreprocessing.load(values, folder)

    def samples(self, preprocessing: Any, augment: str) -> Any:
        return ItemSamples(preprocessing.transform(), preprocessing.collate)


def network_as_it_comes(assembled: Assembled) -> Network:
    """Return an encoder with the classifier it came with.

    Raises
    ------
    UserError
        If it came without one.
    """
    if not assembled.parts.has_classifier:
        raise UserError(
            f"{assembled.provenance.architecture} comes without a classifier that can be judged",
            "Tune it first: finetrust tune.",
        )
    return _network(assembled.parts.pooled("logits"), nn.Identity(), assembled.preprocessing)


def _encoder(pretrained: Pretrained) -> TextEncoder:
    """Return the encoder that a source, or the user in Python, has given.

    Raises
    ------
    UserError
        If it is a model of something else.
    """
    module = pretrained.module
    is_library_model = hasattr(module, "config") and hasattr(module, "base_model")
    if pretrained.kind != "encoder" and not is_library_model:
        raise UserError(
            f"{pretrained.provenance.architecture} is no encoder of texts",
            "Give one of Hugging Face's hub (ORGANISATION/NAME), or a folder with its config.json.",
        )
    return _as_encoder(module)


def _as_encoder(module: nn.Module) -> TextEncoder:
    return module if isinstance(module, TextEncoder) else TextEncoder(module, "mean")


def _network(encoder: TextEncoder, head: nn.Module, preprocessing: Any) -> Network:
    recipe: dict[str, Any] = {"pooling": encoder.pooling}
    if isinstance(head, nn.Linear):
        recipe |= {"in_features": head.in_features, "out_features": head.out_features}
    return Network(encoder, head, preprocessing, features_of=as_they_are, recipe=recipe)
