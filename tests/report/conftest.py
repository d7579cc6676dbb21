"""The runs that the report is tested on, each written once."""

from pathlib import Path

import pytest
from synthetic_run import HOSTILE, make_evidence, write_run

from finetrust.core.run_folder import RunFolder


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A tuned and evaluated run with subgroups, put to every trial of stability."""
    evidence = make_evidence(groups={"scanner": ["A", "B"]}, trials=True)
    notes = ["3 items were also used for validation."]
    path = tmp_path_factory.mktemp("runs") / "pretrained"
    return write_run(path, evidence=evidence, notes=notes, strips=2)


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """The same from random weights, and worse."""
    path = tmp_path_factory.mktemp("runs") / "from-scratch"
    return write_run(path, evidence=make_evidence(skill=2.0), source="random")


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run in which every text that comes from outside is an attack on HTML."""
    classes = [HOSTILE, "ants & bees", "\u202ereversed", "\x1b[31mred"]
    evidence = make_evidence(classes=classes, n=60, groups={HOSTILE: [HOSTILE, "b"]})
    path = tmp_path_factory.mktemp("runs") / "hostile <b>"
    return write_run(path, evidence=evidence, notes=[HOSTILE], hostile=HOSTILE, strips=1)


@pytest.fixture(scope="session")
def as_it_comes(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A model with 30 classes that was judged without tuning, corruptions and pictures."""
    evidence = make_evidence(
        classes=[f"class {i}" for i in range(30)],
        n=400,
        corruptions=False,
        overlap=None,
        temperature=None,
    )
    path = tmp_path_factory.mktemp("runs") / "as-it-comes"
    return write_run(path, evidence=evidence, tuned=False, pictures=0)


@pytest.fixture(scope="session")
def unevaluated(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A finished run that nobody has evaluated."""
    path: Path = tmp_path_factory.mktemp("runs") / "unevaluated"
    return write_run(path, evaluated=False)
