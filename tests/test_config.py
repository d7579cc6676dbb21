"""Options: what is refused in one line that serves the command line and Python, and what wins."""

from pathlib import Path

import pytest

from finetrust.config import ModelOptions, SelectOptions, TuneOptions, make_options
from finetrust.core.errors import UserError


@pytest.mark.parametrize(
    ("kind", "given", "said"),
    [
        (SelectOptions, {"max_size": "-1"}, r"option 'max_size' is '-1'.*; --max-size: Leave out"),
        (
            ModelOptions,
            {"mean": "0.5"},
            r"option 'mean' is '0.5': three numbers are needed.*--mean",
        ),
        (ModelOptions, {"std": (0.5, 0.5)}, r"three numbers are needed.*; 2 given.*--std"),
    ],
)
def test_a_wrong_value_names_the_argument_and_the_flag(kind, given, said) -> None:
    with pytest.raises(UserError, match=said):
        make_options(kind, given)


def test_what_is_given_wins_over_the_file_and_the_file_over_what_was_kept(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("epochs: 2\nseed: 2\n")
    options = make_options(TuneOptions, {"seed": 3}, file, {"epochs": 1, "seed": 1, "mixup": 0.1})
    assert (options.seed, options.epochs, options.mixup) == (3, 2, 0.1)


def test_a_wrong_value_of_a_file_names_the_file(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("epochs: -2\n")
    with pytest.raises(UserError, match=r"run\.yaml: option 'epochs' is -2"):
        make_options(TuneOptions, {}, file, {"epochs": 1})
