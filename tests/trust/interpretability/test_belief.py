"""What tables of trials say of whether a method's maps change with the weights."""

import numpy as np
import pytest

from finetrust.core.predictions import Predictions
from finetrust.trust.interpretability.belief import changes_with_weights


def table(**columns: object) -> Predictions:
    found = {name.replace("__", "-").replace("_of_", "."): v for name, v in columns.items()}
    n = len(next(iter(found.values())))
    return Predictions(
        np.arange(n).astype(str), {k: np.asarray(v, float) for k, v in found.items()}
    )


SAME, OTHER = [0.9] * 10, [0.1] * 10


@pytest.mark.parametrize(
    ("values", "answer"),
    [
        (SAME, "does not change with the weights"),
        (OTHER, "changes with the weights"),
        ([0.9, 0.1], "unclear"),
        ([np.nan] * 8, "unclear"),
    ],
)
def test_the_choice_says_it_where_there_is_no_more(values: list[float], answer: str) -> None:
    tables = {"explanations": {"choice": table(cam_of_weights=values)}}
    assert changes_with_weights(tables, "cam") == answer


def test_the_last_stage_on_the_items_that_are_judged_counts_more() -> None:
    judged = table(cam_of_weights__1=SAME, cam_of_weights__2=SAME, cam_of_weights__10=OTHER)
    tables = {
        "explanations": {"choice": table(cam_of_weights=SAME)},
        "sanity": {"sanity": judged},
    }
    assert changes_with_weights(tables, "cam") == "changes with the weights"


def test_a_method_whose_name_begins_alike_is_another_one() -> None:
    tables = {"sanity": {"sanity": table(cam_plus_of_weights__1=SAME)}}
    assert changes_with_weights(tables, "cam") is None


def test_without_tables_or_items_it_is_not_known() -> None:
    assert changes_with_weights({}, "cam") is None
    assert changes_with_weights({"t": {"choice": table(cam_of_weights=[])}}, "cam") is None
