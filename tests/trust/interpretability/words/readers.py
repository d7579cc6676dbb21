"""Networks that the tests of explanations of texts explain: what they read is known exactly."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from torch import Tensor, nn

from finetrust.config import EvaluateOptions
from finetrust.data.dataset import Dataset
from finetrust.data.texts.text_kind import TEXTS
from finetrust.models.inference import Inference
from finetrust.models.network import Network, as_they_are
from finetrust.models.source import load_pretrained
from finetrust.models.text_encoder import TextEncoder
from finetrust.models.text_preprocessing import Text, TextPreprocessing
from finetrust.tasks.predicted import predicted
from finetrust.tasks.task import tasks
from finetrust.trust.trials.bench import Bench
from models.tiny_encoders import bert_folder

CLASSES = ("bad", "good")
TASK = tasks.get("text-classification")


class Embeddings(nn.Module):
    """An encoder that hands on the embeddings of the tokens, to some power."""

    def __init__(self, tokens: int, width: int, power: int = 1) -> None:
        super().__init__()
        self.power = power
        self.table = nn.Embedding(tokens, width)
        self.config = SimpleNamespace(hidden_size=width)

    def get_input_embeddings(self) -> nn.Module:
        return self.table

    def forward(
        self,
        input_ids: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
    ) -> tuple[Tensor]:
        given = self.table(input_ids) if inputs_embeds is None else inputs_embeds
        return (given**self.power,)


def reading(folder: Path, **changes: object) -> TextPreprocessing:
    """Return how the tiny BERT reads texts."""
    _, built = load_pretrained(str(bert_folder(folder)), "pretrained", {})
    return built.preprocessing.overridden(**changes)


def bag(preprocessing: TextPreprocessing, width: int = 4, power: int = 1) -> Network:
    """Return a linear layer on the mean of the embeddings of the tokens: a bag of words."""
    torch.manual_seed(1)
    tokens = preprocessing.tokenizer.get_vocab_size()
    encoder = TextEncoder(Embeddings(tokens, width, power), "mean")
    head = nn.Linear(width, len(CLASSES))
    return Network(encoder, head, preprocessing, features_of=as_they_are).eval()


def reader_of(preprocessing: TextPreprocessing, power: int = 1, **telling: float) -> Network:
    """Return a bag of words that reads some words, and nothing else.

    Parameters
    ----------
    preprocessing : TextPreprocessing
    power : int
        Of 1 the network is linear, and its gradient the same for all words.
    **telling : float
        What a word speaks for the second class, to that power.
    """
    network = bag(preprocessing, 2, power)
    with torch.no_grad():
        table = network.backbone.encoder.table.weight
        table.zero_()
        for word, weight in telling.items():
            table[preprocessing.tokenizer.token_to_id(word), 1] = weight
        network.head.weight.copy_(torch.eye(2))
        network.head.bias.zero_()
    return network


def dataset_of(texts: list[Text], targets: list[int], split: str = "test") -> Dataset:
    class Given:
        def __len__(self) -> int:
            return len(texts)

        def __getitem__(self, index: int) -> Text:
            return texts[index]

        def content(self, index: int) -> bytes:
            return repr(texts[index]).encode()

        def location(self, index: int) -> None:
            return None

    ids = tuple(f"{split} {i}" for i in range(len(texts)))
    return Dataset(
        "texts", ids, Given(), np.array(targets, np.int64), CLASSES, np.full(len(texts), split),
        digests=ids, task="text-classification", kind=TEXTS,
    )  # fmt: skip


def bench_of(
    network: Network,
    dataset: Dataset,
    validation: Dataset | None = None,
    training: Dataset | None = None,
    **options: object,
) -> Bench:
    inference = Inference(network)
    clean = predicted(TASK, inference, dataset, 0)
    chosen = EvaluateOptions.model_validate({"workers": 0, **options})
    return Bench(
        TASK, network, inference, dataset, clean, CLASSES, options=chosen,
        find_training=lambda: training, find_validation=lambda: validation,
    )  # fmt: skip
