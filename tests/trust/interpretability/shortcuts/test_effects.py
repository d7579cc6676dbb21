"""Effects are counted against the same part from the item's own class, and in one direction."""

from torch import Tensor

from finetrust.trust.interpretability.shortcuts.effects import Answers, removals, turned
from finetrust.trust.interpretability.shortcuts.halves import halves
from finetrust.trust.interpretability.shortcuts.places import Typical, patch

from .scenes import misled, scenes, sees_mark, with_mark


def test_a_part_that_speaks_against_the_class_is_no_shortcut_to_it() -> None:
    images, targets, _ = scenes(1)
    marked = with_mark(images, targets, 1, 0, 0)
    split, _ = halves(targets.numpy(), 10, 30, 0)
    assert split is not None
    corner = patch((0, 0, 3, 3), Typical.of(marked, targets, targets))

    def shy(x: Tensor) -> Tensor:
        return misled(lambda y: ~sees_mark(0, 0)(y), 1)(x)

    answers = Answers(shy, marked)
    change = turned(answers, corner, 1, split[1])
    assert (change.value, change.p_value, change.n) == (-1.0, 1.0, 60)
    for removal in removals(answers, corner, 1, split[1]):
        assert removal.fall.value <= 0
        assert removal.fall.p_value == 1
