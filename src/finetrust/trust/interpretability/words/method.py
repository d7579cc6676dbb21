"""A way to attribute an answer about a text to its words."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from finetrust.core.registry import Registry
from finetrust.models.network import Network
from finetrust.models.text_encoder import TextEncoder
from finetrust.models.text_preprocessing import Encoded, TextPreprocessing
from finetrust.trust.interpretability.words.hidden_words import Hide, hiding
from finetrust.trust.interpretability.words.scores import Score, log_odds_of_class, outputs_of
from finetrust.trust.interpretability.words.worded import Worded
from finetrust.trust.trials.effort import EffortName

Maps = list[np.ndarray]
"""One float64 array (words,) for each text."""


@dataclass(frozen=True)
class ExplainedTexts:
    """What is explained, and with what.

    Parameters
    ----------
    network : Network
        On texts, in evaluation mode; its parameters and their gradients are left as they are.
    score : callable
        What of the outputs is explained; by default the log-odds of the target class.
    seeds : int64 tensor (n,), optional
        Of the texts, for what is random; by default 0 for each.
    """

    network: Network
    score: Score = log_odds_of_class
    seeds: Tensor | None = None

    @property
    def preprocessing(self) -> TextPreprocessing:
        found = self.network.preprocessing
        assert isinstance(found, TextPreprocessing)
        return found

    @property
    def encoder(self) -> Any:
        """The model of the transformers library within the network."""
        backbone = self.network.backbone
        assert isinstance(backbone, TextEncoder)
        return backbone.encoder

    @cached_property
    def hide(self) -> Hide:
        """How methods hide words: they are removed, or masked where each word has an output."""
        return hiding(self.preprocessing, "mask" if self.preprocessing.words else "removed")

    def scores(self, encoded: Sequence[Encoded], targets: Tensor) -> np.ndarray:
        """Return the score of every variant of texts: float64 (m,).

        Parameters
        ----------
        encoded : sequence of Encoded (m)
        targets : int64 tensor (m, ...)
        """
        found = np.full(len(encoded), np.nan)
        device = self.network.device
        for part, outputs in outputs_of(self.network, self.preprocessing, device, encoded):
            of_part = targets[torch.from_numpy(part)].to(device)
            found[part] = self.score(outputs.float(), of_part).double().cpu().numpy()
        return found

    def seeds_of(self, texts: Sequence[Worded]) -> Tensor:
        """Return the seeds of the texts: int64 (n,) on the CPU."""
        given = self.seeds
        return torch.zeros(len(texts), dtype=torch.int64) if given is None else given.cpu()


class WordMethod(Protocol):
    """A way to attribute a score to words; registered by the name of its file."""

    @property
    def title(self) -> str:
        """What a reader knows it as."""
        ...

    @property
    def reference(self) -> str:
        """Authors, title, venue, year."""
        ...

    @property
    def signed(self) -> bool:
        """Whether a negative number says that the word speaks against the answer."""
        ...

    @property
    def effort(self) -> EffortName:
        """From which effort on it is a candidate where the user names none."""
        ...

    def passes(self, words: int) -> tuple[int, int]:
        """Return what a text of so many words costs: passes forward, and passes forward and back."""
        ...

    def applies(self, explained: ExplainedTexts, example: Worded) -> None:
        """Raise NotApplicable, with the reason, where the method cannot explain the network."""
        ...

    def promised(
        self, explained: ExplainedTexts, texts: Sequence[Worded], targets: Tensor
    ) -> np.ndarray | None:
        """Return what the numbers of each text are to add up to: float64 (n,); None for no promise."""
        ...

    def __call__(self, explained: ExplainedTexts, texts: Sequence[Worded], targets: Tensor) -> Maps:
        """Return how much each word speaks for the target of its text.

        Parameters
        ----------
        explained : ExplainedTexts
        texts : sequence of Worded (n)
        targets : int64 tensor (n, ...)
            What the score takes: classes (n,), or word and tag (n, 2).

        Returns
        -------
        list of float64 array (words,)
            Higher speaks for the target. That of a text does not depend on the other texts.

        Raises
        ------
        NotApplicable
            As :meth:`applies` does.
        """
        ...


word_methods: Registry[WordMethod] = Registry(
    "attribution of words", "finetrust.trust.interpretability.words.methods"
)
