"""AugMix's loss: what it is, what it does to answers, that it resumes, and when it is refused."""

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from safetensors.torch import load_file
from scipy.spatial.distance import jensenshannon
from torch import Tensor, nn
from torch.nn import functional

import finetrust
from data.mask_folders import coloured_folder
from finetrust import UserError
from finetrust.config import TuneOptions
from finetrust.data.dataset import Dataset
from finetrust.data.images.augmentations.augmix import AugMix
from finetrust.data.masks.masks import IGNORE
from finetrust.models.network import Network
from finetrust.tasks.task import tasks
from finetrust.tuning.addition import Penalty, Start, Step
from finetrust.tuning.additions.augmix_consistency import AugMixConsistency, jensen_shannon
from killed import finish, kill_after, logged, started

from ..masked_images import PREPROCESSING, SIZE, logits, pictures, write
from ..masked_images import tuned as tuned_on_pictures
from ..runs import digits, same, tuned, weights_of

CONSISTENT = "full + augmix-consistency"


def published(clean: Tensor, one: Tensor, other: Tensor) -> Tensor:
    """The loss of the authors' code, without its weight."""
    p, q, r = (answers.softmax(1) for answers in (clean, one, other))
    mean = torch.clamp((p + q + r) / 3, 1e-7, 1).log()
    return sum(functional.kl_div(mean, part, reduction="batchmean") for part in (p, q, r)) / 3


@given(seed=st.integers(0, 10_000), n=st.integers(1, 5), classes=st.integers(2, 6))
def test_it_is_that_of_the_authors_code_and_so_is_its_gradient(
    seed: int, n: int, classes: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    answers = [torch.randn(n, classes, generator=generator) * 2 for _ in range(3)]
    mine, theirs = ([a.clone().requires_grad_() for a in answers] for _ in range(2))
    found, expected = jensen_shannon(mine).mean(), published(*theirs)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)
    found.backward()
    expected.backward()
    for one, other in zip(mine, theirs, strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-3, atol=1e-6)


@given(seed=st.integers(0, 10_000), k=st.integers(2, 4), scale=st.sampled_from([0.1, 3.0, 1e4]))
def test_it_lies_between_0_and_log_k_whatever_the_order(seed: int, k: int, scale: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    answers = [torch.randn(3, 5, generator=generator) * scale for _ in range(k)]
    leaves = [answer.clone().requires_grad_() for answer in answers]
    found = jensen_shannon(leaves)
    found.sum().backward()
    assert all(torch.isfinite(leaf.grad).all() for leaf in leaves)
    assert (found >= -1e-6).all()
    assert (found <= np.log(k) + 1e-5).all()
    torch.testing.assert_close(jensen_shannon(answers[::-1]), found.detach(), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(jensen_shannon([answers[0]] * k), torch.zeros(3), rtol=0, atol=1e-6)


def test_of_two_answers_it_is_scipys_and_pixels_count_one_by_one() -> None:
    one, other = torch.randn(2, 4, 3), torch.randn(2, 4, 3)
    found = jensen_shannon([one, other])
    p, q = (answer.softmax(1).numpy() for answer in (one, other))
    np.testing.assert_allclose(found, jensenshannon(p, q, axis=1) ** 2, rtol=1e-4)
    disjoint = [100 * torch.eye(3)[None, row] for row in range(3)]
    assert float(jensen_shannon(disjoint)) == pytest.approx(np.log(3))


def start_of(train: Dataset, task: str = "classification") -> Start:
    network = Network(nn.Flatten(), nn.Linear(3 * SIZE**2, 2), PREPROCESSING)
    return Start(TuneOptions(), network, train, tasks.get(task))


def penalty_of(start: Start, **settings: float) -> Penalty:
    found = AugMixConsistency(**settings).penalty(start)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def train() -> Dataset:
    images, labels = pictures(0, 12, marked=False)
    smooth = [np.kron(image[::4, ::4], np.ones((4, 4, 1), np.uint8)) for image in images]
    inputs = [Image.fromarray(image) for image in smooth]
    ids = tuple(map(str, range(12)))
    return Dataset("made", ids, inputs, labels, ("a", "b"), np.full(12, "train"))


def test_views_are_framed_as_the_item_is(train: Dataset) -> None:
    """A view is nearer to the item of its own draws than to that of any other draws."""
    start = start_of(train)
    augment = "crop-flip + random-erasing"
    samples = start.task.samples(PREPROCESSING, augment)
    companion = penalty_of(start, severity=1).companion(augment)
    items, views = [], []
    for seed in range(24):
        torch.manual_seed(seed)
        items.append(samples.item(train.inputs[3], 0)[0].float())
        torch.manual_seed(seed)
        views.append(companion(3, train.inputs[3]))
    stacked = torch.stack(views)
    assert stacked.shape == (24, 2, 3, SIZE, SIZE)
    assert stacked.dtype == torch.uint8
    assert not torch.equal(stacked[:, 0], stacked[:, 1])
    far = torch.cdist(stacked[:, 0].flatten(1).float(), torch.stack(items).flatten(1))
    assert (far.argmin(1) == torch.arange(24)).float().mean() > 0.9


def test_the_term_is_the_weighted_divergence_of_the_three_answers(train: Dataset) -> None:
    start = start_of(train)
    penalty = penalty_of(start, weight=5.0)
    images = torch.randint(256, (4, 3, SIZE, SIZE), dtype=torch.uint8)
    views = torch.randint(256, (4, 2, 3, SIZE, SIZE), dtype=torch.uint8)
    clean = start.network(images)
    rows, loss = torch.arange(4), torch.zeros(())
    step = Step(start.network, images, torch.zeros(4), clean, loss, rows, views)
    expected = 5 * published(clean, start.network(views[:, 0]), start.network(views[:, 1]))
    torch.testing.assert_close(penalty.term(step), expected, rtol=1e-4, atol=1e-5)


class Shown(nn.Module):
    """Answers for a pixel that are its colours."""

    def forward(self, images: Tensor) -> Tensor:
        return images.float() / 8


def test_of_masks_pixels_without_a_class_do_not_count(train: Dataset) -> None:
    start = start_of(train, "segmentation")
    penalty = penalty_of(start, weight=1.0)
    images = torch.randint(256, (2, 3, 8, 8), dtype=torch.uint8)
    views = images[:, None].repeat(1, 2, 1, 1, 1)
    views[:, :, :, 4:] = 255 - views[:, :, :, 4:]
    targets = torch.zeros(2, 8, 8, dtype=torch.uint8)
    net, loss = Shown(), torch.zeros(())

    def term() -> float:
        step = Step(net, images, targets, net(images), loss, torch.arange(2), views)
        return float(penalty.term(step))

    everywhere = term()
    targets[:, :4] = IGNORE
    assert term() == pytest.approx(2 * everywhere, rel=1e-4)
    targets[:] = 0
    targets[:, 4:] = IGNORE
    assert abs(term()) < 1e-6
    targets[:] = IGNORE
    assert term() == 0


def divergence(run: finetrust.Run) -> float:
    """Return how far answers for new pictures change where they are mixed."""
    images, _ = pictures(9, 200, marked=False)
    mix = AugMix().step()
    torch.manual_seed(0)
    views = [np.stack([np.asarray(mix(Image.fromarray(i))) for i in images]) for _ in range(2)]
    return float(jensen_shannon([logits(run, shown) for shown in (images, *views)]).mean())


def test_answers_come_to_agree_for_mixed_images(tmp_path: Path) -> None:
    data = write(tmp_path / "data", n=80)
    plain = tuned_on_pictures(data, tmp_path / "plain", "full", epochs=8)
    consistent = tuned_on_pictures(data, tmp_path / "run", CONSISTENT, epochs=8)
    assert divergence(consistent) < 0.5 * divergence(plain)
    assert consistent.folder.record["phases"][0]["penalties"] == ["augmix-consistency"]
    log = consistent.folder.log
    assert log[-1]["train_augmix-consistency"] > 0
    assert "train_augmix-consistency" not in plain.folder.log[0]


def test_it_rests_while_the_head_alone_trains(tmp_path: Path) -> None:
    run = tuned(tmp_path / "run", digits(20, 20), strategy="lp-ft + augmix-consistency", epochs=1)
    phases = run.folder.record["phases"]
    assert [(phase["cached"], phase["penalties"]) for phase in phases] == [
        (True, []),
        (False, ["augmix-consistency"]),
    ]


def test_weight_0_is_the_plain_run(tmp_path: Path) -> None:
    common = {"epochs": 1, "augment": "trivialaugment"}
    plain = tuned(tmp_path / "plain", strategy="full", **common)
    nothing = tuned(tmp_path / "0", strategy=f"{CONSISTENT}(weight=0)", **common)
    assert same(weights_of(plain), weights_of(nothing))


def test_segmentation_has_it_too(tmp_path: Path) -> None:
    run = finetrust.tune(
        "glyphnet",
        coloured_folder(tmp_path / "data", n=12),
        strategy=CONSISTENT,
        head="fcn",
        epochs=1,
        out=str(tmp_path / "run"),
        quiet=True,
    )
    assert run.folder.log[0]["train_augmix-consistency"] > 0


def test_a_killed_run_with_all_augmentations_resumes_bitwise(tmp_path: Path) -> None:
    options = {
        "strategy": CONSISTENT,
        "epochs": 3,
        "batch_size": 25,
        "augment": "crop-flip + pixmix + random-erasing(probability=0.25)",
        "checkpoint_steps": 1,
    }
    random.seed(3)
    expected = weights_of(tuned(tmp_path / "whole", **options))
    cut = tmp_path / "cut"
    kill_after(started(tuned, cut, resume=True, **options), cut, 3)
    finish(started(tuned, cut, resume=True, **options))
    assert same(load_file(cut / "model" / "weights.safetensors"), expected)
    assert logged(tmp_path / "whole") == logged(cut)


@pytest.mark.parametrize(
    ("strategy", "options", "said"),
    [
        (CONSISTENT, {"mixup": 0.2}, "--mixup: a mixed image has the answers of two"),
        (CONSISTENT, {"cutmix": 1.0}, "--cutmix: a mixed image has the answers of two"),
        (CONSISTENT, {"augment": "crop + augmix"}, "Leave augmix out of --augment"),
        ("linear-probe + augmix-consistency", {}, "where the backbone stays frozen"),
        (f"{CONSISTENT}(severity=0)", {}, "option 'severity' is '0'"),
        (CONSISTENT, {"task": "regression"}, "compares probabilities of the classes"),
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


def test_windows_of_whole_images_have_no_size_in_common(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="needs images of one size"):
        finetrust.tune(
            "glyphnet",
            coloured_folder(tmp_path / "data", n=12),
            strategy=CONSISTENT,
            sliding_window=True,
            augment="none",
            out=str(tmp_path / "run"),
        )


def test_texts_have_none(tmp_path: Path) -> None:
    table = tmp_path / "texts.csv"
    rows = [f"{'good' if i % 2 else 'bad'} text {i},{'yes' if i % 2 else 'no'}" for i in range(40)]
    table.write_text("\n".join(["text,label", *rows]))
    with pytest.raises(UserError, match="this task is text-classification"):
        finetrust.tune("glyphnet", str(table), strategy=CONSISTENT, out=str(tmp_path / "run"))
