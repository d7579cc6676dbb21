"""What a search is after is checked before anything runs."""

import pytest

from finetrust.core.errors import UserError
from finetrust.tuning.search.objective import Objective, read_objectives


def test_measures_keep_their_direction_and_their_order() -> None:
    found = read_objectives(["accuracy", "recall[class=3]"], ["ece"], "accuracy")
    assert [o.key for o in found] == ["accuracy", "recall[class=3]", "ece"]
    assert [o.gain(0.25) for o in found] == [0.25, 0.25, -0.25]
    assert found[1].title == "Recall per class (class 3)"


def test_without_a_word_the_main_measure_of_the_task_is_maximised() -> None:
    assert read_objectives([], [], "miou") == (Objective("miou", "maximize"),)


@pytest.mark.parametrize(
    ("maximize", "minimize", "said"),
    [
        (["acuracy"], [], "--maximize: unknown measure 'acuracy'. Did you mean 'accuracy'"),
        (["ece"], [], "it is better the lower it is. Write --minimize ece"),
        ([], ["accuracy"], "it is better the higher it is. Write --maximize accuracy"),
        (["accuracy", "accuracy"], [], "accuracy is named twice"),
    ],
)
def test_a_mistake_is_one_line(maximize: list[str], minimize: list[str], said: str) -> None:
    with pytest.raises(UserError, match=said):
        read_objectives(maximize, minimize, "accuracy")
