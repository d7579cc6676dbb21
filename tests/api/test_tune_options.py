"""What goes on with --resume: its own options, unless the file or the user says otherwise."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import finetrust
from finetrust import UserError
from finetrust.api.tune_options import options_of
from finetrust.core.run_folder import RunFolder

OPTIONS = "model: glyphnet\ndata: digits:5\nstrategy: linear-probe\nprecision: fp32\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a finished run in its default place, and the file that it was begun with."""
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("home")
        patch.chdir(home)
        Path("run.yaml").write_text(f"{OPTIONS}epochs: 1\n")
        finetrust.tune(config="run.yaml", quiet=True)
        yield home


def test_a_run_in_the_default_folder_goes_on(home: Path) -> None:
    again = finetrust.tune(config="run.yaml", resume=True, quiet=True)
    assert str(again.path) == "runs/glyphnet-linear-probe-digits_5"


def test_a_file_that_asks_for_something_else_is_refused_as_the_option_is(home: Path) -> None:
    Path("other.yaml").write_text(f"{OPTIONS}epochs: 9\n")
    with pytest.raises(UserError, match=r"the run to resume has epochs=1, not 9"):
        finetrust.tune(config="other.yaml", resume=True, quiet=True)
    with pytest.raises(UserError, match=r"the run to resume has epochs=1, not 9"):
        finetrust.tune(config="run.yaml", epochs=9, resume=True, quiet=True)


def test_a_folder_without_a_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nothing: there is no run to go on with"):
        finetrust.tune(out=str(tmp_path / "nothing"), resume=True, quiet=True)


@pytest.mark.parametrize("strategy", ["lp-ft + surgical", "lp-ft+surgical"])
def test_what_auto_chose_stays_chosen(tmp_path: Path, strategy: str) -> None:
    kept = {"model": "glyphnet", "data": "digits:5", "strategy": "lp-ft + surgical(blocks=2)"}
    RunFolder(tmp_path).write_config(kept)
    given = {"model": "auto", "data": "digits:5", "strategy": strategy, "out": str(tmp_path)}
    options = options_of(given, None, True, None)
    assert (options.model, options.strategy) == ("glyphnet", kept["strategy"])
