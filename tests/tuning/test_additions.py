"""What a strategy is joined by: in which phases it acts, what it gets to see, and what the log says of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor

import finetrust
from finetrust.config import NonNegative
from finetrust.data.source import open_dataset
from finetrust.tasks.task import tasks
from finetrust.tuning.accompanied import AccompaniedSamples, with_rows
from finetrust.tuning.addition import Addition, Penalty, Planned, Start, Step, additions

from .runs import same, tuned, weights_of
from .test_loop import HungryNet


class ShrunkHead(Addition):
    """Pulls all weights of the head to zero."""

    weight: NonNegative = 1.0
    seen_phases: ClassVar[list[list[str]]] = []
    seen_rows: ClassVar[list[Tensor]] = []

    def check(self, planned: Planned) -> None:
        self.seen_phases.append([phase.name for phase in planned.phases])

    def penalty(self, start: Start) -> Penalty:
        return _ShrunkHead(self.weight, start)


class _ShrunkHead(Penalty):
    def __init__(self, weight: float, start: Start) -> None:
        self.weight, self.n, self.head = weight, len(start.train), start.network.head

    def term(self, step: Step) -> Tensor:
        assert step.beside is None
        assert len(step.rows) == len(step.inputs) == len(step.outputs)
        assert int(step.rows.max()) < self.n
        ShrunkHead.seen_rows.append(step.rows)
        return self.weight * sum(p.square().sum() for p in self.head.parameters())


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    additions.add("shrunk-head", ShrunkHead)
    yield
    del additions._entries["shrunk-head"]
    ShrunkHead.seen_rows.clear()
    ShrunkHead.seen_phases.clear()


@pytest.mark.parametrize(
    "options",
    [
        {"strategy": "linear-probe"},
        {"strategy": "linear-probe", "cache": False},
        {"strategy": "linear-probe", "mixup": 0.5},
        {"strategy": "full + ema(decay=0.5)"},
    ],
    ids=["cached", "passed-through", "mixed", "full"],
)
def test_a_penalty_of_weights_acts_in_every_kind_of_phase(options: dict, tmp_path: Path) -> None:
    name = options["strategy"]
    plain = tuned(tmp_path / "plain", **options)
    shrunk = tuned(
        tmp_path / "shrunk", **{**options, "strategy": f"{name} + shrunk-head(weight=3)"}
    )
    assert float(weights_of(shrunk)["head.weight"].norm()) < float(
        weights_of(plain)["head.weight"].norm()
    )
    assert ShrunkHead.seen_phases == [[phase["name"] for phase in plain.folder.record["phases"]]]
    assert shrunk.folder.record["phases"][0]["penalties"] == ["shrunk-head"]
    assert all(line["train_shrunk-head"] > 0 for line in shrunk.folder.log)
    assert all(line["train_loss"] > line["train_shrunk-head"] for line in shrunk.folder.log)


def test_every_item_comes_once_an_epoch_under_its_own_row(tmp_path: Path) -> None:
    tuned(tmp_path / "run", strategy="full + shrunk-head", epochs=1, batch_size=10)
    rows = torch.cat(ShrunkHead.seen_rows)
    assert sorted(rows.tolist()) == list(range(50))


@pytest.mark.parametrize("strategy", ["linear-probe", "full"])
def test_the_batches_are_those_of_the_plain_run(strategy: str, tmp_path: Path) -> None:
    common = {"mixup": 0.5, "augment": "trivialaugment"}
    plain = tuned(tmp_path / "plain", strategy=strategy, **common)
    nothing = tuned(tmp_path / "nothing", strategy=f"{strategy} + shrunk-head(weight=0)", **common)
    assert same(weights_of(plain), weights_of(nothing))


def test_terms_add_up_the_same_where_memory_ran_out(tmp_path: Path) -> None:
    preprocessing = finetrust.Preprocessing(32, 32, "bilinear", (0.5,) * 3, (0.5,) * 3)
    logs = []
    for name, options in (("hungry", {}), ("modest", {"micro_batch_size": 4})):
        torch.manual_seed(1)
        run = tuned(
            tmp_path / name,
            model=HungryNet(),
            preprocessing=preprocessing,
            strategy="full + shrunk-head",
            batch_size=16,
            augment="none",
            **options,
        )
        logs.append([line["train_shrunk-head"] for line in run.folder.log])
    assert logs[0] == logs[1]


def test_a_companion_draws_what_its_item_drew() -> None:
    drawn = with_rows(open_dataset("digits:5").take(range(4)))
    preprocessing = _Preprocessing()
    samples = tasks.get("classification").samples(preprocessing, "none")
    both = AccompaniedSamples(samples, {"a": preprocessing.companion, "b": preprocessing.companion})
    for row in range(4):
        torch.manual_seed(row)
        prepared, (target, found, beside) = both.item(drawn.inputs[row], drawn.targets[row])
        assert found == row
        assert target == drawn.targets[row][0]
        assert torch.equal(prepared, beside["a"])
        assert torch.equal(prepared, beside["b"])


class _Preprocessing:
    """Makes an image a random number."""

    def augmented(self, augment: str):
        return lambda image: torch.rand(3)

    def companion(self, row: int, value: object) -> Tensor:
        return torch.rand(3)

    def collate(self, prepared: list) -> Tensor:
        return torch.stack(prepared)


def test_an_evaluation_repeats_the_plan(tmp_path: Path) -> None:
    run = tuned(tmp_path / "run", strategy="full+shrunk-head(weight=2)", epochs=1)
    assert run.folder.config["strategy"] == "full + shrunk-head(weight=2)"
    again = tuned(tmp_path / "again", strategy=run.folder.config["strategy"], epochs=1)
    assert same(weights_of(run), weights_of(again))
    assert np.isfinite(again.folder.record["validation"]["loss"])
