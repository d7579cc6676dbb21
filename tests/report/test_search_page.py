"""What is shown of a search: the front, its caveats, and nothing that acts."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from finetrust.report.plots.front import Axis, Dot, front_plot
from finetrust.report.search_page import render_search_page
from finetrust.report.search_table import search_table
from finetrust.tuning.search.objective import Objective
from finetrust.tuning.search.search import Search
from finetrust.tuning.search.trial import Figure, SearchTrial

HOSTILE = "<script>alert(1)</script>"
OBJECTIVES = (Objective("accuracy", "maximize"), Objective("ece", "minimize"))


def trial(number: int, accuracy: float, ece: float) -> SearchTrial:
    figures = {
        "accuracy": Figure(accuracy, accuracy - 0.02, accuracy + 0.02, 100),
        "ece": Figure(ece, ece / 2, ece * 2, 100),
    }
    options = {"strategy": "lp-ft + ema", "learning_rate": 0.002, "augment": HOSTILE}
    return SearchTrial(number, "finished", options, figures, seconds=12.0)


def found(*trials: SearchTrial, objectives: tuple[Objective, ...] = OBJECTIVES) -> Search:
    return Search(
        Path("runs/search"),
        objectives,
        trials,
        {"learning_rate": [0.002]},
        {"model": HOSTILE, "data": "digits"},
        "classification",
        0,
        notes=(HOSTILE,),
    )


SEARCH = found(
    trial(0, 0.9, 0.08),
    trial(1, 0.8, 0.02),
    trial(2, 0.7, 0.05),
    SearchTrial(3, "stopped", {"strategy": "full"}, reason="it was behind"),
    SearchTrial(4, "refused", {"strategy": "linear-probe + l2-sp"}, reason="no sense"),
    SearchTrial(5, "failed", {"strategy": "full"}, reason="the loss became nan"),
)


def printed(search: Search) -> str:
    out = io.StringIO()
    Console(file=out, width=100, color_system=None).print(search_table(search))
    return " ".join(out.getvalue().split())


def test_what_is_dominated_is_not_on_the_front() -> None:
    assert [t.number for t in SEARCH.pareto] == [0, 1]
    assert SEARCH.best("accuracy").number == 0
    assert SEARCH.best("ece").number == 1


def test_the_table_names_the_front_the_outcomes_and_the_next_step() -> None:
    told = printed(SEARCH)
    assert "90.0" in told
    assert "2.0" in told
    assert "5 trials: 3 were judged, 1 stopped early by the learning curve, 1 failed." in told
    assert "1 combination made no sense" in told
    assert f"--take {SEARCH.best().number} --final" in told
    assert "validation data" in told


def test_a_search_without_a_finished_trial_says_why() -> None:
    told = printed(found(SearchTrial(0, "failed", {"strategy": "full"}, reason="out of memory")))
    assert "out of memory" in told


@pytest.mark.parametrize("search", [SEARCH, found(), found(trial(0, 0.9, 0.1))])
def test_the_page_escapes_what_comes_from_outside(search: Search) -> None:
    page = str(render_search_page(search))
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "http://" not in page
    assert "https://" not in page


def test_the_page_tells_what_became_of_every_trial() -> None:
    page = str(render_search_page(SEARCH))
    assert "stopped: it was behind" in page
    assert "failed: the loss became nan" in page
    assert "finetrust search --out runs/search --take" in page


def test_one_objective_has_a_best_trial_and_no_front() -> None:
    page = str(
        render_search_page(found(trial(0, 0.9, 0.1), trial(1, 0.8, 0.1), objectives=OBJECTIVES[:1]))
    )
    assert "The best trial." in page
    assert 'class="plot front-plot"' not in page
    assert "best Accuracy so far" in page


def test_the_growth_of_the_front_is_a_share_that_never_falls() -> None:
    shares = [share for _, share in SEARCH.growth()]
    assert shares == sorted(shares)
    # Trial 1 alone is above the worst in both objectives.
    assert shares[-1] == pytest.approx((0.1 * 0.06) / (0.2 * 0.06))


def test_trials_far_behind_do_not_squeeze_the_front() -> None:
    dots = [Dot(0.9 + i / 100, 0.05, str(i), f"trial {i}", on_front=i == 5) for i in range(6)]
    far = Dot(0.1, 0.9, "far", "trial far", on_front=False)
    x, y = Axis("Accuracy", True, True), Axis("ECE", True, False)
    picture = str(front_plot([*dots, far], x, y, title="both"))
    assert "10%" not in picture
    assert "trial far" in picture
