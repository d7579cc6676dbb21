"""Correctness ranking: the loss in plain loops, what is counted, what it does to confidence, refusals."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from data.mask_folders import coloured_folder
from finetrust import UserError
from finetrust.config import TuneOptions
from finetrust.models.network import Network
from finetrust.tasks.task import tasks
from finetrust.tuning.addition import Penalty, Start, Step
from finetrust.tuning.additions.correctness_ranking import CorrectnessRanking, ranking_loss
from tasks.tiny_texts import tuned as tuned_on_texts

from ..attacked_digits import PREPROCESSING, more_digits, tuned_small
from ..runs import digits, same, tuned, weights_of

NAME = "correctness-ranking"


def in_loops(confidence: list[float], correctness: list[float]) -> float:
    """Moon et al. 2020, eq. 2, item by item."""
    total, n = 0.0, len(confidence)
    for i in range(n):
        j = (i + 1) % n
        g = np.sign(correctness[i] - correctness[j])
        gap = abs(correctness[i] - correctness[j])
        total += max(0.0, -g * (confidence[i] - confidence[j]) + gap)
    return total / n


def by_the_authors(confidence: Tensor, correctness: Tensor) -> Tensor:
    """As their train.py does it: torch's margin ranking loss, the second input moved by the margin."""
    other = correctness.roll(-1)
    target, margin = (correctness - other).sign(), (correctness - other).abs()
    moved = confidence.roll(-1) + margin / torch.where(target == 0, 1, target)
    return nn.MarginRankingLoss(margin=0.0)(confidence, moved, target)


@given(
    values=st.lists(
        st.tuples(st.floats(0, 1, width=32), st.integers(0, 4).map(lambda c: c / 4)),
        min_size=1,
        max_size=9,
    )
)
@settings(max_examples=60, deadline=None)
def test_the_loss_is_that_of_the_paper_and_of_its_authors(
    values: list[tuple[float, float]],
) -> None:
    confidence, correctness = (list(of) for of in zip(*values, strict=True))
    given = torch.tensor(confidence)
    found = ranking_loss(given, torch.tensor(correctness))
    assert float(found) == pytest.approx(in_loops(confidence, correctness), abs=1e-6)
    assert float(found) == pytest.approx(
        float(by_the_authors(given, torch.tensor(correctness))), abs=1e-6
    )


def test_confidence_in_the_order_and_at_the_distances_of_correctness_costs_nothing() -> None:
    correctness = torch.tensor([0.0, 0.25, 1.0, 0.5])
    assert float(ranking_loss(0.3 + 0.7 * correctness, correctness)) > 0
    assert float(ranking_loss(correctness.clone(), correctness)) == 0
    assert float(ranking_loss(torch.rand(4), torch.full((4,), 0.5))) == 0


def made(items: int = 6, weight: float = 1.0) -> Penalty:
    network = Network(nn.Flatten(), nn.Linear(192, 3), PREPROCESSING)
    train = more_digits(items, 10).split("train")
    start = Start(TuneOptions(), network, train, tasks.get("classification"))
    penalty = CorrectnessRanking(weight=weight).penalty(start)
    assert penalty is not None
    return penalty


def passed(penalty: Penalty, rows: list[int], answers: list[int], targets: list[int]) -> Tensor:
    logits = 2 * torch.eye(3)[answers]
    return penalty.term(
        Step(
            nn.Identity(),
            logits,
            torch.tensor(targets),
            logits,
            torch.tensor(1.0),
            torch.tensor(rows),
            None,
        )
    )


def alone(tensor: Tensor) -> Tensor:
    return tensor


def counts(penalty: Penalty) -> tuple[list[int], list[int]]:
    state = penalty.state()
    return state["seen"].tolist(), state["right"].tolist()


def test_right_answers_are_counted_item_by_item() -> None:
    penalty = made()
    assert float(passed(penalty, [0, 3, 5], [1, 2, 0], [1, 1, 0])) == 0, "nothing is known yet"
    penalty.after_step(alone)
    passed(penalty, [3, 4], [1, 1], [1, 1])
    passed(penalty, [5], [0], [2])
    penalty.after_step(alone)
    assert counts(penalty) == ([1, 0, 0, 2, 1, 2], [1, 0, 0, 1, 1, 1])


def test_the_term_is_the_loss_of_the_shares_of_right_answers() -> None:
    penalty = made(weight=0.5)
    for answers in ([0, 0, 0], [0, 1, 1]):
        passed(penalty, [2, 0, 1], answers, [0, 0, 2])
        penalty.after_step(alone)
    passed(penalty, [2], [1], [0])
    penalty.after_step(alone)
    assert counts(penalty) == ([2, 2, 3, 0, 0, 0], [1, 0, 2, 0, 0, 0])
    logits = torch.tensor([[1.0, 0, 0], [0, 0.2, 0], [0, 9, 0]])
    rows = torch.tensor([0, 1, 2])
    step = Step(nn.Identity(), logits, rows, logits, torch.tensor(1.0), rows, None)
    confidence = logits.softmax(1).amax(1)
    expected = 0.5 * ranking_loss(confidence, torch.tensor([1 / 2, 0, 2 / 3]))
    torch.testing.assert_close(penalty.term(step), expected)


def test_of_several_passes_in_a_step_the_first_counts() -> None:
    penalty = made()
    passed(penalty, [1, 2], [0, 0], [0, 1])
    passed(penalty, [2, 1], [1, 1], [1, 0])
    penalty.after_step(alone)
    assert counts(penalty) == ([0, 1, 1, 0, 0, 0], [0, 1, 0, 0, 0, 0])


def test_passes_of_a_step_that_was_never_made_are_forgotten_where_a_phase_begins() -> None:
    penalty = made()
    passed(penalty, [1], [0], [0])
    penalty.after_step(alone)
    passed(penalty, [1, 2], [0, 0], [0, 0])
    penalty.begin()
    passed(penalty, [3], [0], [0])
    penalty.after_step(alone)
    assert counts(penalty) == ([0, 1, 0, 1, 0, 0], [0, 1, 0, 1, 0, 0])


def test_what_the_other_processes_saw_is_counted_too_and_padding_is_not() -> None:
    def of_both(tensor: Tensor) -> Tensor:
        return torch.cat([tensor, torch.tensor([[4, 1], [3, 0], [1, 0], [-1, -1]])])

    penalty = made()
    passed(penalty, [1], [0], [0])
    penalty.after_step(of_both)
    assert counts(penalty) == ([0, 1, 0, 1, 1, 0], [0, 1, 0, 0, 1, 0])


def test_nothing_is_ranked_before_the_second_epoch_and_a_probe_is_remembered(
    tmp_path: Path,
) -> None:
    log = tuned_small(tmp_path / "run", f"lp-ft + {NAME}", epochs=2).folder.log
    assert [line["epoch"] for line in log if line["phase"] == "full"] == [1, 2]
    assert log[0][f"train_{NAME}"] == 0
    assert all(line[f"train_{NAME}"] > 0 for line in log[1:])


def test_a_weight_of_zero_is_the_plain_run(tmp_path: Path) -> None:
    plain = weights_of(tuned_small(tmp_path / "plain", "full", epochs=2))
    nothing = weights_of(tuned_small(tmp_path / "0", f"full + {NAME}(weight=0)", epochs=2))
    some = weights_of(tuned_small(tmp_path / "1", f"full + {NAME}", epochs=2))
    assert same(plain, nothing)
    assert not same(plain, some)


def test_confidence_comes_nearer_to_the_order_of_correctness(tmp_path: Path) -> None:
    """A third of the labels is drawn by lot, so that some items are seldom answered rightly."""
    data = more_digits(240, 100)
    rng = np.random.default_rng(1)
    drawn = (rng.random(len(data)) < 1 / 3) & (data.splits == "train")
    data = replace(data, targets=np.where(drawn, rng.integers(0, 10, len(data)), data.targets))
    losses = []
    for weight in (1e-9, 3.0):
        plan = f"linear-probe + {NAME}(weight={weight})"
        options = {
            "data": data,
            "epochs": 40,
            "learning_rate": 0.003,
            "backbone_learning_rate": None,
        }
        log = tuned_small(tmp_path / str(weight), plan, **options).folder.log
        losses.append(log[-1][f"train_{NAME}"] / weight)
    assert losses[1] < 0.95 * losses[0]


def test_probes_and_texts_can_be_ranked(tmp_path: Path) -> None:
    text = tuned_on_texts(tmp_path, "text", strategy=f"full + {NAME}", epochs=3)
    probe = tuned(tmp_path / "probe", strategy=f"linear-probe + {NAME} + sam", epochs=3)
    assert probe.folder.record["phases"][0]["cached"]
    for run in (text, probe):
        terms = [line[f"train_{NAME}"] for line in run.folder.log]
        assert terms[0] == 0 < terms[-1]


def refused(out: Path, strategy: str, data: object = None, **options: object) -> str:
    with pytest.raises(UserError) as raised:
        tuned(out, data or digits(), strategy=strategy, **options)
    assert "\n" not in str(raised.value)
    assert not out.exists()
    return str(raised.value)


def test_what_makes_no_sense_is_refused(tmp_path: Path) -> None:
    out, plan = tmp_path / "run", f"full + {NAME}"
    for option in ("mixup", "cutmix"):
        assert f"{NAME} and --{option}: a mixed image" in refused(out, plan, **{option: 0.5})
    assert "has no effect in one epoch" in refused(out, plan, epochs=1)
    masks = coloured_folder(tmp_path / "masks", n=8)
    assert "counts how often the one class" in refused(out, plan, masks)
    assert "option 'weight'" in refused(out, f"full + {NAME}(weight=-1)")
