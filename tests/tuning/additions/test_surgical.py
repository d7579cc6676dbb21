"""Surgical fine-tuning: the relative gradient norms, what they choose, and that nothing else trains."""

from pathlib import Path

import pytest
import torch
from torch import nn

import finetrust
from finetrust.data.dataset import Dataset
from finetrust.tuning.additions.surgical import relative_gradient_norms

from ..runs import digits, tuned, weights_of

BLOCKS = ["backbone.stem", "backbone.stage1", "backbone.stage2", "backbone.stage3"]


def test_the_norms_are_those_of_all_weights_of_a_block_together() -> None:
    """By hand: 3-4-5 and 5-12-13 over 1 and 2."""
    weights = {
        name: nn.Parameter(torch.tensor(v)) for name, v in {"a": 0.6, "b": 0.8, "c": 2.0}.items()
    }
    for name, gradient in {"a": 3.0, "b": 4.0, "c": 13.0}.items():
        weights[name].grad = torch.tensor(gradient)
    weights["idle"] = nn.Parameter(torch.ones(2))
    weights["zero"] = nn.Parameter(torch.zeros(2))
    blocks = {"none": ("idle",), "pair": ("a", "b"), "one": ("c",), "nought": ("zero",)}
    found = relative_gradient_norms(blocks, weights)
    assert found == pytest.approx({"one": 6.5, "pair": 5, "none": 0, "nought": 0})
    assert list(found)[:2] == ["one", "pair"]


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> finetrust.Run:
    """The linear probe that the runs begin with."""
    return tuned(tmp_path_factory.mktemp("probe") / "run", strategy="linear-probe", epochs=20)


def gradients_by_hand(probe: finetrust.Run, train: Dataset) -> dict[str, float]:
    """Return the relative gradient norms of the mean cross entropy, over the training images at once."""
    network = probe.model.network
    prepare = network.preprocessing.transform()
    rows = range(len(train))
    images = network.preprocessing.collate([prepare(train.inputs[row]) for row in rows])
    labels = torch.tensor([int(train.targets[row]) for row in rows])
    network.eval().requires_grad_(True)
    nn.functional.cross_entropy(network(images), labels).backward()
    found = {}
    for block in BLOCKS:
        weights = list(network.get_submodule(block).parameters())
        gradient = torch.cat([w.grad.flatten() for w in weights]).norm()
        found[block] = float(gradient / torch.cat([w.detach().flatten() for w in weights]).norm())
    return found


@pytest.mark.parametrize("blocks", [1, 2])
def test_the_blocks_with_the_largest_norms_train_and_the_others_stay_bitwise(
    blocks: int, probe: finetrust.Run, tmp_path: Path
) -> None:
    strategy = "lp-ft + surgical" if blocks == 1 else f"lp-ft + surgical(blocks={blocks})"
    run = tuned(tmp_path / "run", strategy=strategy, epochs=3, batch_size=16, augment="none")
    facts = run.folder.record["additions"]["surgical"]
    chosen = list(facts["ranking"])[:blocks]
    assert sorted(facts["trained"]) == sorted(chosen)
    assert sorted(facts["ranking"]) == sorted(BLOCKS)
    before, after = weights_of(probe), weights_of(run)
    moved = {
        ".".join(name.split(".")[:2])
        for name in before
        if name.startswith("backbone.") and not torch.equal(before[name], after[name])
    }
    assert moved == set(chosen)


def test_the_ranking_is_that_of_the_gradient_of_the_probed_network(tmp_path: Path) -> None:
    data = digits(train=32)
    run = tuned(tmp_path / "probe", data, strategy="linear-probe", epochs=20)
    chosen = tuned(tmp_path / "run", data, strategy="lp-ft + surgical", epochs=1)
    expected = gradients_by_hand(run, data.split("train"))
    assert chosen.folder.record["additions"]["surgical"]["ranking"] == pytest.approx(
        expected, rel=1e-3
    )
