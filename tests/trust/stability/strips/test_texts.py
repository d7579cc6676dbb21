"""Strips of texts: the text and its typos, with the answers of the tables."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from torch import nn

from finetrust.config import EvaluateOptions
from finetrust.core.predictions import Predictions
from finetrust.data.dataset import Dataset
from finetrust.data.texts.text_kind import TEXTS
from finetrust.models.inference import Inference
from finetrust.models.network import Network
from finetrust.models.source import load_pretrained
from finetrust.tasks.predicted import predicted
from finetrust.tasks.task import tasks
from finetrust.trust.stability.strips.strip import example_strips
from finetrust.trust.stability.text_corruptions.catalogue import text_corruptions
from finetrust.trust.trials.bench import Bench
from finetrust.trust.trials.item_seeds import item_seeds
from finetrust.trust.trials.trial import trials
from models.tiny_encoders import WORDS, bert_folder

CLASSES = ("a", "b", "c")


class Texts:
    """Texts, or pairs of them, that lie in memory."""

    def __init__(self, texts: list) -> None:
        self.texts = texts

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, index: int) -> object:
        return self.texts[index]

    def content(self, index: int) -> bytes:
        return repr(self.texts[index]).encode()

    def location(self, index: int) -> Path | None:
        return None


def bench_of(folder: Path, pairs: bool = False) -> Bench:
    _, built = load_pretrained(str(bert_folder(folder)), "pretrained", {})
    encoder = built.module.pooled().eval()
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(WORDS, 12)) for _ in range(12)]
    inputs = Texts([(text, "and another") for text in texts] if pairs else texts)
    ids = tuple(f"t{i}" for i in range(12))
    split, targets = np.full(12, "test"), np.arange(12) % 3
    dataset = Dataset("texts", ids, inputs, targets, CLASSES, split, kind=TEXTS)
    network = Network(encoder, nn.Linear(encoder.features, 3), built.preprocessing).eval()
    task = tasks.get("text-classification")
    inference = Inference(network)
    clean = predicted(task, inference, dataset, workers=0)
    # Labels are the answers, so that there are right ones, but for one.
    targets = clean["logits"].argmax(1)
    targets[3] = (targets[3] + 1) % 3
    dataset = replace(dataset, targets=targets)
    clean = predicted(task, inference, dataset, workers=0)
    options = EvaluateOptions.model_validate({"workers": 0, "corruptions": "casing,typos"})
    return Bench(task, network, inference, dataset, clean, CLASSES, options=options)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return bench_of(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="module")
def tables(bench: Bench) -> dict[str, dict[str, Predictions]]:
    steps = trials.get("corruptions").plan(bench)
    return {"corruptions": {step.name: step.run() for step in steps}}


def test_a_text_stands_beside_its_typos_with_both_answers(
    bench: Bench, tables: dict[str, dict[str, Predictions]], tmp_path: Path
) -> None:
    found = example_strips(bench, tables, tmp_path / "pictures")
    assert {strip["id"] for strip in found if strip["kind"] == "wrong answer"} == {"t3"}
    for strip in found:
        untouched, corrupted = strip["panels"]
        row = bench.dataset.ids.index(strip["id"])
        assert untouched["text"] == bench.dataset.inputs[row]
        seed = int(item_seeds([strip["id"]], bench.seed)[0])
        severity = corrupted["severity"]
        assert corrupted["text"] == text_corruptions.get("typos")(untouched["text"], severity, seed)
        table = tables["corruptions"][f"typos-{severity}"]
        assert corrupted["predicted"] == CLASSES[table["logits"][row].argmax()]
        flips = corrupted["predicted"] != untouched["predicted"]
        assert flips or severity == 3
        assert (strip["kind"] == "answer that flips") == (flips and strip["id"] != "t3")
    assert not (tmp_path / "pictures").exists(), "texts need no files"


def test_the_mildest_typos_that_flip_an_answer_are_shown(
    bench: Bench, tables: dict[str, dict[str, Predictions]], tmp_path: Path
) -> None:
    steps = dict(tables["corruptions"])
    flipped = steps["typos-2"]
    logits = np.roll(bench.clean["logits"], 1, axis=1)
    steps["typos-1"] = replace(steps["typos-1"], columns=bench.clean.without("features").columns)
    steps["typos-2"] = replace(flipped, columns={**flipped.columns, "logits": logits})
    found = example_strips(bench, {"corruptions": steps}, tmp_path / "pictures")
    assert [strip["panels"][1]["severity"] for strip in found] == [2, 2, 2]
    assert [strip["kind"] for strip in found] == ["answer that flips"] * 2 + ["wrong answer"]


def test_the_texts_of_a_pair_are_shown_one_after_the_other(tmp_path: Path) -> None:
    bench = bench_of(tmp_path / "encoder", pairs=True)
    strip = example_strips(bench, {}, tmp_path / "pictures")[0]
    assert strip["panels"][0]["text"].endswith(" \N{EM DASH} and another")
