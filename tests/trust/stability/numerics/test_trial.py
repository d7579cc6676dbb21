"""The same network computed in other ways, and models of which it is known what these change."""

import importlib.metadata
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from finetrust.config import EvaluateOptions
from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measures
from finetrust.core.predictions import Predictions
from finetrust.data.dataset import Dataset
from finetrust.data.texts.text_kind import TEXTS
from finetrust.models.inference import Inference
from finetrust.models.network import Network
from finetrust.models.preprocessing import Preprocessing
from finetrust.models.source import load_pretrained
from finetrust.tasks.predicted import predicted
from finetrust.tasks.task import tasks
from finetrust.trust.trials.bench import Bench
from finetrust.trust.trials.trial import trials
from models.tiny_encoders import WORDS, bert_folder

from ...pixels import dataset_of

CLASSES = ("a", "b", "c")
PLAIN = Preprocessing(16, 16, "bilinear", (0.4, 0.5, 0.6), (0.2, 0.2, 0.3))


def bench_of(network: Network, dataset: Dataset, task: str, **options: object) -> Bench:
    inference = Inference(network)
    inference.batch_size = 8
    clean = predicted(tasks.get(task), inference, dataset, workers=0)
    chosen = EvaluateOptions.model_validate({"workers": 0, **options})
    return Bench(tasks.get(task), network, inference, dataset, clean, CLASSES, options=chosen)


def images(backbone: nn.Module, features: int, n: int = 20, **options: object) -> Bench:
    head = nn.Linear(features, 3)
    pixels = np.random.default_rng(0).integers(0, 256, (n, 16, 16, 3), dtype=np.uint8)
    network = Network(backbone, head, PLAIN).eval()
    return bench_of(
        network, dataset_of(pixels, np.arange(n) % 3, CLASSES), "classification", **options
    )


def convolutional() -> nn.Module:
    layers = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 8, 3, stride=2),
        nn.BatchNorm2d(8),
        nn.AdaptiveAvgPool2d(1),
    )
    for layer in layers:
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.uniform_(layer.running_mean, -1, 1)
            nn.init.uniform_(layer.running_var, 0.1, 4)
    return layers


class Texts:
    """Inputs that lie in memory."""

    def __init__(self, texts: list[str]) -> None:
        self.texts = texts

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, index: int) -> str:
        return self.texts[index]

    def content(self, index: int) -> bytes:
        return self.texts[index].encode()

    def location(self, index: int) -> None:
        return None


def texts(folder: Path, longest: int) -> Bench:
    _, built = load_pretrained(str(bert_folder(folder)), "pretrained", {})
    encoder = built.module.pooled().eval()
    rng = np.random.default_rng(0)
    lengths = [longest, *rng.integers(1, 20, 14)]
    inputs = Texts([" ".join(rng.choice(WORDS, length)) for length in lengths])
    ids = tuple(f"t{i}" for i in range(15))
    splits, targets = np.full(15, "test"), np.arange(15) % 3
    dataset = Dataset("texts", ids, inputs, targets, CLASSES, splits, kind=TEXTS)
    network = Network(encoder, nn.Linear(encoder.features, 3), built.preprocessing).eval()
    return bench_of(network, dataset, "text-classification")


def held(bench: Bench, *only: str) -> dict[str, Predictions]:
    plan = trials.get("numerics").plan(bench)
    return {step.name: step.run() for step in plan if not only or step.name in only}


def found(name: str, bench: Bench, tables: dict[str, Predictions]) -> dict[str, Estimate | Absence]:
    evidence = Evidence(bench.clean, trials={"numerics": tables})
    return {part.subset: part for part in measures.get(name).estimate(evidence)}


def test_every_way_of_computing_a_convolutional_network_yields_its_logits():
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    bench = images(convolutional(), 8)
    tables = held(bench)
    assert list(tables) == [
        "fp32",
        "as_evaluated",
        "batch_of_one",
        "bf16",
        "channels_last",
        "folded_batch_norm",
        "onnx",
    ]
    pixels = torch.from_numpy(bench.dataset.inputs.pixels).permute(0, 3, 1, 2)
    with torch.no_grad():
        expected = bench.network(pixels.float() / 255).numpy()
    for name, table in tables.items():
        assert table.ids.tolist() == list(bench.dataset.ids)
        near = 0.05 if name == "bf16" else 1e-4
        np.testing.assert_allclose(table["logits"], expected, atol=near)
    apart = np.abs(tables["bf16"]["logits"] - expected).max()
    assert apart > 1e-4, "bf16 has 8 bits"
    told = found("numerics_logit_difference", bench, tables)
    assert told["variant=bf16"].details["largest"] == pytest.approx(apart, rel=1e-3)
    assert told["variant=onnx"].value < 1e-4
    assert bench.network.backbone[0].weight.dtype == torch.float32, "the bench keeps its network"
    assert isinstance(bench.network.backbone[1], nn.BatchNorm2d)


class BesideTheOthers(nn.Module):
    """One feature: how bright an image is beside the mean of its batch, a mistake that is often made."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, pixels: Tensor) -> Tensor:
        bright = pixels.mean((1, 2, 3))[:, None]
        return self.scale * (bright - bright.mean())


def test_a_model_that_looks_at_the_rest_of_its_batch_is_caught_by_batches_of_one():
    bench = images(BesideTheOthers(), 1)
    with torch.no_grad():
        bench.network.head.weight.copy_(torch.tensor([[50.0], [-50.0], [0.0]]))
        bench.network.head.bias.copy_(torch.tensor([0.0, 0.0, -9.0]))
    tables = held(bench, "fp32", "batch_of_one", "channels_last")
    flips = found("numerics_flips", bench, tables)
    assert 0.25 < flips["variant=batch_of_one"].value < 0.75
    assert flips[""].value == flips["variant=batch_of_one"].value
    assert len(flips[""].details["ids"]) == round(20 * flips[""].value)


class NearlyTied(nn.Module):
    """Two features that differ in the 12th bit, which bf16 does not have."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([1.0, 1.0 + 2.0**-11]))

    def forward(self, pixels: Tensor) -> Tensor:
        return torch.ones(len(pixels), 1, dtype=self.weight.dtype) * self.weight


def test_answers_that_hang_on_the_last_bits_flip_in_bf16():
    bench = images(NearlyTied(), 2)
    with torch.no_grad():
        bench.network.head.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]))
        bench.network.head.bias.zero_()
    tables = held(bench, "fp32", "bf16", "channels_last", "folded_batch_norm")
    flips = found("numerics_flips", bench, tables)
    assert flips["variant=bf16"].value == 1
    told = found("numerics_logit_difference", bench, tables)
    assert told["variant=bf16"].value == pytest.approx(2.0**-11)
    assert {name for name, part in flips.items() if isinstance(part, Absence)} == {
        "variant=channels_last",
        "variant=folded_batch_norm",
    }


def test_texts_are_computed_in_the_ways_that_there_are_for_them(tmp_path: Path):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    bench = texts(tmp_path, longest=40)
    tables = held(bench)
    expected = tables["fp32"]["logits"]
    for name in ("batch_of_one", "onnx", "as_evaluated"):
        np.testing.assert_allclose(tables[name]["logits"], expected, atol=1e-5)
    np.testing.assert_allclose(tables["bf16"]["logits"], expected, atol=0.1)
    flips = found("numerics_flips", bench, tables)
    assert "no convolution" in flips["variant=channels_last"].reason
    assert "no batch norm" in flips["variant=folded_batch_norm"].reason


def test_texts_of_several_windows_are_not_exported_wrongly(tmp_path: Path):
    pytest.importorskip("onnxruntime")
    bench = texts(tmp_path, longest=150)
    flips = found("numerics_flips", bench, held(bench, "fp32", "batch_of_one", "onnx"))
    assert "several windows" in flips["variant=onnx"].reason
    assert flips["variant=batch_of_one"].value == 0


def test_without_its_packages_onnx_names_the_extra(monkeypatch: pytest.MonkeyPatch):
    before = importlib.metadata.version

    def version(name: str) -> str:
        if name == "onnxruntime":
            raise importlib.metadata.PackageNotFoundError(name)
        return before(name)

    bench = images(convolutional(), 8, n=3)
    plain = {step.name: step.settings for step in trials.get("numerics").plan(bench)}
    monkeypatch.setattr(importlib.metadata, "version", version)
    steps = {step.name: step for step in trials.get("numerics").plan(bench)}
    assert steps["onnx"].settings != plain["onnx"], "installed later, it is run again"
    table = steps["onnx"].run()
    assert table.ids.tolist() == list(bench.dataset.ids)
    assert "pip install 'finetrust[onnx]'" in table["reason"][0]


def test_a_table_without_an_answer_survives_the_disk(tmp_path: Path):
    bench = images(NearlyTied(), 2, n=4)
    table = held(bench, "folded_batch_norm")["folded_batch_norm"]
    table.save(tmp_path / "table.parquet")
    assert (
        Predictions.load(tmp_path / "table.parquet")["reason"].tolist()
        == ["no batch norm of the network directly follows a convolution"] * 4
    )


def test_costs_are_told_and_a_sample_is_enough():
    bench = images(convolutional(), 8, n=30, trial_items=9)
    steps = {step.name: step for step in trials.get("numerics").plan(bench)}
    assert steps["as_evaluated"].forward == 0
    assert {s.forward for name, s in steps.items() if name != "as_evaluated"} == {9}
    rows = bench.sample()
    table = steps["batch_of_one"].run()
    assert table.ids.tolist() == [bench.dataset.ids[row] for row in rows]
    np.testing.assert_array_equal(
        steps["as_evaluated"].run()["logits"], bench.clean["logits"][rows]
    )


def test_without_rows_of_logits_there_is_nothing_to_compare():
    bench = images(convolutional(), 8, n=3)
    without = replace(bench, clean=Predictions(bench.clean.ids, {"target": bench.clean["target"]}))
    with pytest.raises(NotApplicable, match="not one row of logits"):
        trials.get("numerics").plan(without)
