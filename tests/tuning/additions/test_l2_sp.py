"""L2-SP: how far weights are from their start; and what all that pull toward the start have in common."""

import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file
from torch import Tensor

import finetrust
from data.mask_folders import coloured_folder
from finetrust import UserError
from finetrust.tuning.additions.l2_sp import l2_sp
from killed import finish, kill_after, logged, started
from tasks import tiny_texts
from tasks.shapes import shapes, small

from ..masked_images import Plain, tuned, write
from ..runs import digits, same, weights_of
from ..runs import tuned as tuned_on_digits

NAMES = ("l2-sp", "delta", "ewc")
ALL = "l2-sp(weight=1) + delta + ewc(weight=10)"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("data"), n=40)


def distance(run: finetrust.Run) -> float:
    """Return how far the backbone is from its start."""
    torch.manual_seed(7)
    begun, found = Plain().body.state_dict(), run.model.network.backbone.state_dict()
    ends = [[t.flatten() for t in s.values()] for s in (begun, found)]
    return float((torch.cat(ends[0]) - torch.cat(ends[1])).norm())


@given(seed=st.integers(0, 2**31), weight=st.floats(0, 10), head_weight=st.floats(0, 10))
@settings(max_examples=30, deadline=None)
def test_value_and_gradients_are_those_of_the_equation(
    seed: int, weight: float, head_weight: float
) -> None:
    rng = np.random.default_rng(seed)

    def drawn() -> list[Tensor]:
        return [torch.tensor(rng.normal(size=shape)) for shape in ((3, 2), (4,))]

    own, fresh = (tuple(t.requires_grad_() for t in drawn()) for _ in range(2))
    begun = tuple(drawn())
    term = l2_sp(own, begun, fresh, weight, head_weight)
    apart = sum(float((a - b).detach().norm() ** 2) for a, b in zip(own, begun, strict=True))
    expected = weight / 2 * apart + head_weight / 2 * sum(
        float(t.detach().norm() ** 2) for t in fresh
    )
    assert term.item() == pytest.approx(expected)
    term.backward()
    for a, b in zip(own, begun, strict=True):
        torch.testing.assert_close(a.grad, weight * (a - b).detach())
    for t in fresh:
        torch.testing.assert_close(t.grad, head_weight * t.detach())


def test_the_heavier_the_pull_the_nearer_the_start(data: Path, tmp_path: Path) -> None:
    found = [
        distance(tuned(data, tmp_path / str(n), plan, epochs=6))
        for n, plan in enumerate(
            ["full", *(f"full + l2-sp(weight={weight})" for weight in (0.1, 1, 10))]
        )
    ]
    assert found == sorted(found, reverse=True)
    assert found[-1] < found[0] / 3
    assert found[1] < 0.95 * found[0]


def test_a_new_head_is_pulled_to_zero(data: Path, tmp_path: Path) -> None:
    sizes = []
    for weight in (0, 1):
        plan = f"full + l2-sp(weight=0, head-weight={weight})"
        run = tuned(data, tmp_path / str(weight), plan)
        sizes.append(run.model.network.head.weight.norm().item())
    assert sizes[1] < 0.7 * sizes[0]


@pytest.mark.parametrize(
    "nothing", ["l2-sp(weight=0, head-weight=0)", "delta(weight=0)", "ewc(weight=0)"]
)
def test_weight_0_is_the_plain_run(nothing: str, data: Path, tmp_path: Path) -> None:
    common = {"epochs": 2, "augment": "trivialaugment"}
    plain = tuned(data, tmp_path / "plain", "full", **common)
    other = tuned(data, tmp_path / "0", f"full + {nothing}", **common)
    assert same(weights_of(plain), weights_of(other))


@pytest.mark.parametrize("options", [{}, {"mixup": 0.5}])
def test_nothing_is_pulled_while_the_backbone_is_frozen(
    options: dict, data: Path, tmp_path: Path
) -> None:
    plain = tuned(data, tmp_path / "plain", "lp-ft", epochs=1, **options)
    pulled = tuned(data, tmp_path / "all", f"lp-ft + {ALL}", epochs=1, **options)
    *probe, full = pulled.folder.log
    for line, other in zip(probe, plain.folder.log, strict=False):
        assert line["phase"] == "linear-probe"
        assert not any(line.get(f"train_{name}") for name in NAMES)
        assert (line["train_loss"], line["val_loss"]) == (other["train_loss"], other["val_loss"])
    assert all(full[f"train_{name}"] > 0 for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_micro_batches_add_up_to_the_batch(name: str, data: Path, tmp_path: Path) -> None:
    common = {"epochs": 2, "batch_size": 16}
    whole = tuned(data, tmp_path / "whole", f"full + {name}", **common)
    split = tuned(data, tmp_path / "split", f"full + {name}", micro_batch_size=3, **common)
    for key, tensor in weights_of(whole).items():
        torch.testing.assert_close(weights_of(split)[key], tensor, rtol=1e-4, atol=1e-5)
    one, other = (r.folder.log[-1][f"train_{name}"] for r in (whole, split))
    assert one == pytest.approx(other, rel=1e-3)
    assert one > 0


def test_a_run_killed_at_random_steps_is_pulled_to_the_same_start(tmp_path: Path) -> None:
    random.seed(20261128)
    options = {
        "strategy": f"full + {ALL}",
        "epochs": 4,
        "batch_size": 8,
        "augment": "trivialaugment",
        "micro_batch_size": 4,
        "checkpoint_steps": 1,
    }
    expected = weights_of(tuned_on_digits(tmp_path / "whole", **options))
    cut = tmp_path / "cut"
    kill_after(started(tuned_on_digits, cut, resume=True, **options), cut, random.randint(4, 12))
    finish(started(tuned_on_digits, cut, resume=True, **options))
    assert same(load_file(cut / "model" / "weights.safetensors"), expected)
    assert logged(tmp_path / "whole") == logged(cut)


def test_two_processes_are_pulled_as_one_is(data: Path, tmp_path: Path) -> None:
    options = {"epochs": 2, "batch_size": 10, "device": "cpu"}
    script = tmp_path / "train.py"
    script.write_text(
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from tuning.masked_images import tuned\n"
        f"tuned(Path(sys.argv[2]), Path(sys.argv[3]), 'full + {ALL}', **{options!r})\n"
    )
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    done = subprocess.run(
        [
            *launcher,
            "--nproc-per-node",
            "2",
            script,
            Path(__file__).parents[2],
            data,
            tmp_path / "2",
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    one = tuned(data, tmp_path / "1", f"full + {ALL}", **options)
    two = load_file(tmp_path / "2" / "model" / "weights.safetensors")
    for key, tensor in weights_of(one).items():
        torch.testing.assert_close(two[key], tensor, rtol=1e-3, atol=1e-4)
    plain = tuned(data, tmp_path / "plain", "full", **options)
    assert not np.allclose(
        weights_of(plain)["backbone.body.1.weight"], two["backbone.body.1.weight"], atol=1e-3
    )


@pytest.mark.parametrize("task", ["text", "detection", "segmentation"])
def test_every_task_with_a_backbone_can_be_pulled(task: str, tmp_path: Path) -> None:
    plan = {"strategy": f"full + {ALL}", "epochs": 2}
    if task == "text":
        run = tiny_texts.tuned(tmp_path, **plan)
    else:
        plan |= {"quiet": True, "out": str(tmp_path / "run"), "batch_size": 4, "precision": "fp32"}
        if task == "detection":
            module, preprocessing = small()
            boxes = shapes(tmp_path / "data", 16)
            run = finetrust.tune(module, boxes, preprocessing=preprocessing, **plan)
        else:
            run = finetrust.tune("glyphnet", coloured_folder(tmp_path / "data", n=12), **plan)
    for name in NAMES:
        assert all(0 <= line[f"train_{name}"] < np.inf for line in run.folder.log), name
        assert run.folder.log[-1][f"train_{name}"] > 0


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("strategy", "options", "said"),
    [
        ("linear-probe", {}, "no effect where the backbone stays frozen"),
        ("gradual-unfreeze", {"epochs": 1}, "no effect where the backbone stays frozen"),
        ("full", {"weights": "random"}, "pulls toward pretrained weights, and --weights random"),
    ],
)
def test_a_run_without_a_start_to_leave_is_refused_before_anything_is_written(
    name: str, strategy: str, options: dict, said: str, tmp_path: Path
) -> None:
    out, plan = tmp_path / "run", f"{strategy} + {name}"
    with pytest.raises(UserError, match=f"{name} .*{said}|{name} {said}") as raised:
        finetrust.tune("glyphnet", digits(), strategy=plan, out=str(out), quiet=True, **options)
    assert "\n" not in str(raised.value)
    assert not out.exists()
