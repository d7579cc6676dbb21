"""Effects are counted against the same part from the item's own class, and in one direction."""

import torch
from torch import Tensor

from finetrust.trust.interpretability.shortcuts.answers import Answers
from finetrust.trust.interpretability.shortcuts.halves import halves
from finetrust.trust.interpretability.shortcuts.judgement import decisions
from finetrust.trust.interpretability.shortcuts.outcome import Judged, outcome
from finetrust.trust.interpretability.shortcuts.places import Typical, patch

from .scenes import misled, scenes, sees_mark, with_mark


def test_a_part_that_speaks_against_the_class_is_no_shortcut_to_it() -> None:
    images, targets, _ = scenes(1)
    marked = with_mark(images, targets, 1, 0, 0)
    split, _ = halves(targets.numpy(), 10, 30, 0)
    assert split is not None
    corner, half = patch((0, 0, 3, 3), Typical.of(marked, targets, targets)), split[1]

    def shy(x: Tensor) -> Tensor:
        return misled(lambda y: ~sees_mark(0, 0)(y), 1)(x)

    answers = Answers(shy, marked)
    found = outcome(answers, corner, 1, half)
    judged = Judged(
        half.items,
        targets.numpy()[half.items],
        answers.untouched(half.items),
        -1 + 0 * half.items,
        (found,),
    )
    (shortcut,) = decisions(judged)
    change = shortcut.turned
    assert (change.value, change.p_value, change.n) == (-1.0, 1.0, 60)
    for removal in shortcut.removals:
        assert removal.fall.value <= 0
        assert removal.fall.p_value == 1
    assert not shortcut.alarm


def test_an_output_that_is_not_finite_is_the_answer_of_no_class() -> None:
    images, targets, _ = scenes(1)

    def broken(x: Tensor) -> Tensor:
        return torch.full((len(x), 3), torch.nan)

    assert (Answers(broken, images).untouched(targets.numpy()) == -1).all()
