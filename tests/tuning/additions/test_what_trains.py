"""Runs in which little trains: what changed and what did not, what is saved, and what is refused."""

import random
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

import finetrust
from finetrust import UserError
from killed import finish, kill_after, logged, started
from tasks.tiny_texts import tuned as tuned_on_texts

from ..runs import digits, same, tuned, weights_of
from .adapted import PREPROCESSING

NORMS = ("bn", "shortcut.1.", "stem.1.")
WHOLE = {"input_size": 32}
"""Of fewer pixels the probe is what does best, and is kept."""


@pytest.fixture(scope="module")
def probed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tensor]:
    """Weights after the linear probe that all these runs begin with."""
    return weights_of(
        tuned(tmp_path_factory.mktemp("probe") / "run", strategy="linear-probe", epochs=20, **WHOLE)
    )


def changed(run: finetrust.Run, probed: dict[str, Tensor]) -> dict[str, tuple[Tensor, Tensor]]:
    """Return what of the backbone is otherwise than after the probe: before and after."""
    found = weights_of(run)
    assert found.keys() == probed.keys()
    return {
        name: (probed[name], tensor)
        for name, tensor in found.items()
        if name.startswith("backbone.") and not torch.equal(probed[name], tensor)
    }


def is_norm(name: str) -> bool:
    return any(part in name for part in NORMS)


def longer(out: Path, strategy: str, **options: Any) -> finetrust.Run:
    """Tune for some more steps, so that the last weights are better than those of the probe."""
    return tuned(
        out, strategy=strategy, epochs=3, batch_size=16, augment="none", **WHOLE, **options
    )


@pytest.mark.parametrize("strategy", ["lora(rank=2)", "lora(rank=2) + ema(decay=0.5) + sam"])
def test_lora_changes_convolutions_alone_and_by_a_low_rank(
    strategy: str, probed: dict[str, Tensor], tmp_path: Path
) -> None:
    run = longer(tmp_path / "run", f"lp-ft + {strategy}")
    moved = changed(run, probed)
    assert len(moved) == 9
    assert not any(map(is_norm, moved))
    for before, after in moved.values():
        assert torch.linalg.matrix_rank((after - before).flatten(1), rtol=1e-3) <= 2
    phase = run.folder.record["phases"][-1]
    assert phase["trainable_parameters"] < 0.05 * run.folder.record["model"]["parameters"]
    assert (phase["backbone_learning_rate"], phase["layer_decay"]) == (1e-3, 1.0)
    assert len(run.folder.record["additions"]["lora"]["adapted"]) == 9


def test_dora_changes_convolutions_by_more_than_a_low_rank(
    probed: dict[str, Tensor], tmp_path: Path
) -> None:
    moved = changed(longer(tmp_path / "run", "lp-ft + dora(rank=2)"), probed)
    assert moved
    assert not any(map(is_norm, moved))
    before, after = moved["backbone.stage3.conv2.weight"]
    assert torch.linalg.matrix_rank((after - before).flatten(1), rtol=1e-5) > 2
    ratio = after.flatten(1).norm(dim=1) / before.flatten(1).norm(dim=1)
    assert ratio.std() > 1e-5


def test_ia3_scales_channels(probed: dict[str, Tensor], tmp_path: Path) -> None:
    moved = changed(longer(tmp_path / "run", "lp-ft + ia3"), probed)
    assert len(moved) == 9
    for before, after in moved.values():
        ratios = (after / before).flatten(1)
        torch.testing.assert_close(ratios, ratios[:, :1].expand_as(ratios), rtol=1e-3, atol=1e-3)


def test_bitfit_changes_biases_alone(probed: dict[str, Tensor], tmp_path: Path) -> None:
    run = longer(tmp_path / "run", "lp-ft + bitfit")
    moved = changed(run, probed)
    assert {n for n in moved if n.endswith(".bias")} == {
        n for n in probed if n.startswith("backbone.") and n.endswith(".bias")
    }
    others = [name for name in moved if not name.endswith(".bias")]
    assert all("running" in name or "num_batches" in name for name in others)
    biases = sum(t.numel() for n, t in probed.items() if n.startswith("backbone.") and "bias" in n)
    assert run.folder.record["additions"]["bitfit"] == {"biases": biases, "of_norms": biases}
    assert run.folder.record["phases"][-1]["trainable_parameters"] == biases + 10 * 129


def test_bitfit_in_a_transformer_trains_biases_of_matrices_and_norms(tmp_path: Path) -> None:
    run = tuned_on_texts(tmp_path, strategy="lp-ft + bitfit", epochs=3)
    facts = run.folder.record["additions"]["bitfit"]
    assert 0 < facts["of_norms"] < facts["biases"]
    probe = tuned_on_texts(tmp_path, "probe", strategy="linear-probe", epochs=20)
    moved = changed(run, weights_of(probe))
    assert {name.rpartition(".")[2] for name in moved} == {"bias"}


def test_a_run_with_adapters_is_read_without_peft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = longer(tmp_path / "run", "lp-ft + lora")
    monkeypatch.setitem(sys.modules, "peft", None)
    network = finetrust.load(tmp_path / "run").model.network
    assert type(network.backbone.stage1.conv1) is nn.Conv2d
    assert same(network.state_dict(), weights_of(run))


@pytest.mark.parametrize(
    ("strategy", "options", "message"),
    [
        ("linear-probe + lora", {}, "lora says what of the backbone trains, and it stays frozen"),
        ("linear-probe + bitfit", {}, "bitfit says what of the backbone trains"),
        ("linear-probe + surgical", {}, "surgical says what of the backbone trains"),
        ("full + lora", {"weights": "random"}, "--weights random has nothing of it"),
        ("gradual-unfreeze + dora", {}, "gradual-unfreeze says which layers train when, and dora"),
        ("gradual-unfreeze + surgical", {}, "gradual-unfreeze says which layers train when"),
        ("lp-ft + lora + ia3", {}, "lora and ia3 both are the parametrisation"),
        ("lp-ft + bitfit + surgical", {}, "bitfit and surgical both are the parametrisation"),
        ("lp-ft + lora + l2-sp", {}, "l2-sp pulls weights that lora leaves where they start"),
        ("lp-ft + ewc + ia3", {}, "ewc pulls weights that ia3 leaves where they start"),
        ("full + surgical", {}, "the head, which is still untrained"),
        ("lp-ft + surgical(blocks=4)", {}, "what is pretrained has 4 blocks in all"),
        ("lp-ft + lora(rank=0)", {}, "rank"),
        ("lp-ft + lora(rank=500)", {}, "so small that a rank of 500 saves nothing"),
    ],
)
def test_what_makes_no_sense_is_one_line_before_anything_trains(
    strategy: str, options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=message) as raised:
        tuned(tmp_path / "run", strategy=strategy, **options)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_bitfit_is_refused_where_nothing_has_a_bias(tmp_path: Path) -> None:
    body = nn.Sequential(
        nn.Flatten(), nn.Linear(3072, 8, bias=False), nn.RMSNorm(8), nn.Linear(8, 5)
    )
    with pytest.raises(UserError, match=r"bitfit trains biases, and .* has none"):
        finetrust.tune(
            body,
            digits(),
            preprocessing=PREPROCESSING,
            strategy="lp-ft + bitfit",
            out=str(tmp_path / "run"),
            quiet=True,
        )


@pytest.mark.parametrize(
    "strategy", ["lp-ft + dora + ema(decay=0.9)", "lp-ft + surgical(blocks=2)"]
)
def test_a_run_killed_while_adapters_train_ends_bitwise_the_same(
    strategy: str, tmp_path: Path
) -> None:
    options = {"strategy": strategy, "epochs": 8, "batch_size": 8, "checkpoint_steps": 1}
    expected = weights_of(tuned(tmp_path / "whole", **options))
    cut = tmp_path / "cut"
    random.seed(20261128)
    kill_after(started(tuned, cut, resume=True, **options), cut, 10**6)
    kill_after(started(tuned, cut, resume=True, **options), cut, 5)
    finish(started(tuned, cut, resume=True, **options))
    assert same(load_file(cut / "model" / "weights.safetensors"), expected)
    whole, again = (logged(tmp_path / name) for name in ("whole", "cut"))
    assert whole == again
