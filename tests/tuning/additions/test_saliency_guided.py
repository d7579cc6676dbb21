"""Saliency-guided training: what it penalises, what answers then rest on, and when it is refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.stats import binomtest
from torch import Tensor, nn
from torch.nn import functional

import finetrust
from finetrust import UserError
from finetrust.config import TuneOptions
from finetrust.data.source import DataOptions, open_dataset
from finetrust.models.network import Network
from finetrust.tasks.task import tasks
from finetrust.tuning.addition import Start
from finetrust.tuning.additions.saliency_guided import SaliencyGuided, outside_penalty

from ..masked_images import (
    OBJECT,
    PREPROCESSING,
    SIZE,
    Plain,
    logits,
    outside_gradient,
    pictures,
    tuned,
    write,
)
from ..runs import digits, same, weights_of

TASK = tasks.get("classification")

GUIDED = "full + saliency-guided"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("data"))


@given(seed=st.integers(0, 2**31), n=st.integers(1, 4), classes=st.integers(2, 6))
@settings(max_examples=30, deadline=None)
def test_the_penalty_of_a_linear_model_is_that_of_the_equation(
    seed: int, n: int, classes: int
) -> None:
    """By hand: d/dx sum_k log p_k = sum_k w_k - K sum_k p_k w_k; then K**-2 and d as the docstring says."""
    rng = np.random.default_rng(seed)
    weight = torch.tensor(rng.normal(size=(classes, 3 * 4 * 5)), dtype=torch.float32)
    images = torch.tensor(rng.random((n, 3, 4, 5)), dtype=torch.float32)
    outside = torch.tensor(rng.random((n, 4, 5)) < 0.5)

    def expected(w: Tensor) -> Tensor:
        p = (images.flatten(1) @ w.T).softmax(1)
        gradient = (w.sum(0) - classes * p @ w).view(n, 3, 4, 5) * outside[:, None]
        return gradient.square().flatten(1).sum(1) * 60 / classes**2

    mine, theirs = (weight.clone().requires_grad_() for _ in range(2))
    pixels = images.clone().requires_grad_()
    found = outside_penalty(pixels.flatten(1) @ mine.T, pixels, outside)
    torch.testing.assert_close(found, expected(theirs), rtol=1e-4, atol=1e-4)
    found.sum().backward()
    expected(theirs).sum().backward()
    torch.testing.assert_close(mine.grad, theirs.grad, rtol=1e-3, atol=1e-3)


def test_the_penalty_does_not_depend_on_resolution_nor_on_the_number_of_classes() -> None:
    torch.manual_seed(0)
    small, large = torch.rand(2, 3, 8, 8), None
    weight = torch.randn(4, 3 * 8 * 8)
    outside = torch.rand(2, 8, 8) < 0.5
    large = small.repeat_interleave(3, 2).repeat_interleave(3, 3).requires_grad_()
    shrunk = functional.avg_pool2d(large, 3)
    small.requires_grad_()
    one = outside_penalty(small.flatten(1) @ weight.T, small, outside)
    wide = outside.repeat_interleave(3, 1).repeat_interleave(3, 2)
    other = outside_penalty(shrunk.flatten(1) @ weight.T, large, wide)
    torch.testing.assert_close(one, other)
    twice = (small.flatten(1) @ weight.T).repeat(1, 2)
    torch.testing.assert_close(outside_penalty(twice, small, outside), one)


def test_answers_come_to_rest_on_the_object_and_the_shortcut_loses_its_hold(
    data: Path, tmp_path: Path
) -> None:
    plain = tuned(data, tmp_path / "plain", "full")
    guided = tuned(data, tmp_path / "guided", GUIDED, object_masks=str(data / "masks"))
    images, labels = pictures(9, 1000, marked=False)
    assert outside_gradient(guided, images) < 0.6 * outside_gradient(plain, images)
    before, after = ((logits(r, images).argmax(1).numpy() == labels) for r in (plain, guided))
    gained, lost = int((after & ~before).sum()), int((before & ~after).sum())
    assert gained > lost
    assert binomtest(gained, gained + lost).pvalue < 1e-3
    log = guided.folder.log
    assert log[-1]["train_saliency-guided"] < log[0]["train_saliency-guided"] / 2
    assert "train_saliency-guided" not in plain.folder.log[0]
    assert guided.folder.record["strategy"] == GUIDED
    assert guided.folder.record["phases"][0]["penalties"] == ["saliency-guided"]


def test_weight_0_is_the_plain_run(data: Path, tmp_path: Path) -> None:
    common = {"epochs": 2, "augment": "trivialaugment"}
    plain = tuned(data, tmp_path / "plain", "full", **common)
    masks = str(data / "masks")
    nothing = tuned(data, tmp_path / "0", f"{GUIDED}(weight=0)", object_masks=masks, **common)
    nearly = tuned(data, tmp_path / "tiny", f"{GUIDED}(weight=1e-30)", object_masks=masks, **common)
    assert same(weights_of(plain), weights_of(nothing))
    for name, tensor in weights_of(plain).items():
        torch.testing.assert_close(weights_of(nearly)[name], tensor, rtol=1e-4, atol=1e-5)


def test_micro_batches_add_up_to_the_batch(data: Path, tmp_path: Path) -> None:
    common = {"object_masks": str(data / "masks"), "epochs": 1, "batch_size": 16}
    light = f"{GUIDED}(weight=1e-5)"
    whole = tuned(data, tmp_path / "whole", light, **common)
    split = tuned(data, tmp_path / "split", light, micro_batch_size=3, **common)
    for name, tensor in weights_of(whole).items():
        torch.testing.assert_close(weights_of(split)[name], tensor, rtol=1e-4, atol=1e-5)
    one, other = (r.folder.log[0]["train_saliency-guided"] for r in (whole, split))
    assert one == pytest.approx(other, rel=1e-4)


def test_a_penalty_is_never_larger_than_the_loss(data: Path, tmp_path: Path) -> None:
    masks = str(data / "masks")
    heavy = tuned(data, tmp_path / "run", f"{GUIDED}(weight=1e6)", object_masks=masks, epochs=3)
    for line in heavy.folder.log:
        own = line["train_loss"] - line["train_saliency-guided"]
        assert 0 < line["train_saliency-guided"] <= own * 1.0001
    first = heavy.folder.log[0]
    assert first["train_saliency-guided"] == pytest.approx(first["train_loss"] / 2, rel=1e-4)


def penalty_of(data: Path, masks: Path | str, weight: float = 1.0):
    options = TuneOptions(data=str(data / "images"), object_masks=str(masks))
    train = open_dataset(str(data / "images"), DataOptions.of(options)).split("train")
    network = Network(nn.Flatten(), nn.Linear(3 * SIZE**2, 2), PREPROCESSING)
    return SaliencyGuided(weight=weight).penalty(Start(options, network, train, TASK)), train


def test_images_without_a_mask_do_not_count(tmp_path: Path) -> None:
    data = write(tmp_path, n=8)
    masks = sorted((data / "masks" / "train").rglob("*.png"))
    for file in masks[:2]:
        file.unlink()
    Image.new("L", (SIZE, SIZE)).save(masks[2])
    penalty, train = penalty_of(data, data / "masks")
    companion = penalty.companion("none")
    outside = torch.stack([companion(row, train.inputs[row]) for row in range(len(train))])
    assert outside.flatten(1).any(1).tolist() == [False] * 3 + [True] * 5
    assert not outside[:, OBJECT, OBJECT].any()
    assert int(outside[-1].sum()) == SIZE**2 - 8**2


def test_the_weight_is_that_of_an_image_with_a_mask_however_many_have_none(tmp_path: Path) -> None:
    data = write(tmp_path, n=8)
    whole, _ = penalty_of(data, data / "masks")
    for file in sorted((data / "masks" / "train").rglob("*.png"))[:6]:
        file.unlink()
    quarter, _ = penalty_of(data, data / "masks")
    assert quarter._weight == pytest.approx(4 * whole._weight)


def test_copies_of_an_item_share_its_mask(tmp_path: Path) -> None:
    data = write(tmp_path, n=4)
    options = TuneOptions(object_masks=str(data / "masks"))
    train = open_dataset(str(data / "images"), DataOptions.of(options)).split("train")
    drawn = train.take([0, 0, 3])
    drawn = replace(drawn, ids=(train.ids[0], f"{train.ids[0]}#2", train.ids[3]))
    network = Network(nn.Flatten(), nn.Linear(3 * SIZE**2, 2), PREPROCESSING)
    companion = SaliencyGuided().penalty(Start(options, network, drawn, TASK)).companion("none")
    seen = [companion(row, drawn.inputs[row]) for row in range(3)]
    assert torch.equal(seen[0], seen[1])
    assert seen[0].any()


class Attentive(nn.Module):
    """One layer of attention over rows of pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(3 * SIZE, 8)
        self.fc = nn.Linear(8, 2)

    def forward(self, images: Tensor) -> Tensor:
        tokens = self.embed(images.permute(0, 2, 1, 3).flatten(2))[:, None]
        mixed = functional.scaled_dot_product_attention(tokens, tokens, tokens)
        return self.fc(mixed.mean((1, 2)))


def test_a_network_with_fused_attention_can_be_guided(data: Path, tmp_path: Path) -> None:
    module, masks = Attentive(), str(data / "masks")
    run = finetrust.tune(
        module,
        str(data / "images"),
        preprocessing=PREPROCESSING,
        strategy=GUIDED,
        object_masks=masks,
        epochs=1,
        out=str(tmp_path / "run"),
        quiet=True,
    )
    assert np.isfinite(run.folder.log[0]["train_saliency-guided"])


def test_a_phase_on_a_frozen_backbone_stays_on_the_fast_path_and_says_so_once(
    data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(7)
    run = finetrust.tune(
        Plain(),
        str(data / "images"),
        preprocessing=PREPROCESSING,
        strategy="lp-ft + saliency-guided",
        object_masks=str(data / "masks"),
        epochs=1,
        out=str(tmp_path / "run"),
    )
    phases = run.folder.record["phases"]
    assert [(p["cached"], p["penalties"]) for p in phases] == [
        (True, []),
        (False, ["saliency-guided"]),
    ]
    said = " ".join(capfd.readouterr().err.split())
    assert said.count("linear-probe: saliency-guided rests") == 1
    probe = finetrust.tune(
        Plain(),
        str(data / "images"),
        preprocessing=PREPROCESSING,
        strategy="lp-ft",
        epochs=1,
        out=str(tmp_path / "plain"),
        quiet=True,
    )
    assert len(probe.folder.log) == len(run.folder.log)


@pytest.mark.parametrize(
    ("strategy", "options", "said"),
    [
        (GUIDED, {}, "where the objects are. Give their masks or boxes with --object-masks"),
        ("full", {"object_masks": "."}, "--object-masks means nothing without saliency-guided"),
        (GUIDED, {"object_masks": ".", "mixup": 0.2}, "--mixup: a mixed image"),
        (GUIDED, {"object_masks": ".", "cutmix": 0.2}, "--cutmix: a mixed image"),
        ("linear-probe + saliency-guided", {"object_masks": "."}, "backbone stays frozen"),
        (
            "gradual-unfreeze + saliency-guided",
            {"object_masks": ".", "epochs": 1},
            "backbone stays frozen",
        ),
        (GUIDED, {"object_masks": "nowhere"}, "object masks: nowhere does not exist"),
    ],
)
def test_what_it_cannot_heed_is_refused_before_anything_is_written(
    strategy: str, options: dict, said: str, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    with pytest.raises(UserError, match=said) as raised:
        finetrust.tune("glyphnet", digits(), strategy=strategy, out=str(out), quiet=True, **options)
    assert "\n" not in str(raised.value)
    assert not out.exists()


def test_masks_of_other_images_or_of_another_size_are_refused(tmp_path: Path) -> None:
    data = write(tmp_path / "data", n=8)
    strange = tmp_path / "strange"
    strange.mkdir()
    Image.new("L", (SIZE, SIZE), 255).save(strange / "zebra.png")
    with pytest.raises(UserError, match="none is that of an image"):
        tuned(data, tmp_path / "a", GUIDED, object_masks=str(strange))
    file = next((data / "masks" / "train").rglob("*.png"))
    Image.new("L", (SIZE, SIZE + 1), 255).save(file)
    with pytest.raises(UserError, match="16 x 17 pixels"):
        tuned(data, tmp_path / "b", GUIDED, object_masks=str(data / "masks"))


def test_other_tasks_refuse_it(tmp_path: Path) -> None:
    table = tmp_path / "texts.csv"
    rows = [f"{'good' if i % 2 else 'bad'} text {i},{'yes' if i % 2 else 'no'}" for i in range(40)]
    table.write_text("\n".join(["text,label", *rows]))
    with pytest.raises(UserError, match="this task is text-classification"):
        finetrust.tune(
            "glyphnet", str(table), strategy=GUIDED, object_masks=".", out=str(tmp_path / "run")
        )
