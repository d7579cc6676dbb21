"""Files of gates: what YAML would not read as meant is, and mistakes are named with their line."""

from pathlib import Path

import pytest

from finetrust.core.errors import UserError
from finetrust.gates.gates_file import gates_of_file, gates_of_text
from finetrust.gates.requirement import Bound, Versus

EVERY_FORM = """\
# comments and empty lines

ece: < 0.05
accuracy: ">= 0.9"
macro_f1: >= 0.9
worst_group.accuracy: > 0.8   # agreed
recall[class=cat]: > 70 %
recall[*]: >0.5
conformal_coverage[method=lac,coverage=90%]: > 88%
nll: [< 1, "> 0.1", not worse than runs/a by 0.05]
brier:
  - < 0.5
  - > 0.01
precision[*]:
  require: > 0.6
  reason: >
    as agreed: > 0.6
    is enough
mcc: {require: > 0.5, reason: 'why not'}
cohen_kappa: {reason: "it's > 0.5, or else", require: [> 0.4, < 0.99]}
"""


def test_every_form_is_read_as_it_is_meant() -> None:
    gates = gates_of_text(EVERY_FORM, "gates.yaml")
    found = [(g.key, g.requirement) for g in gates]
    assert found == [
        ("ece", Bound("<", 0.05)),
        ("accuracy", Bound(">=", 0.9)),
        ("macro_f1", Bound(">=", 0.9)),
        ("worst_group.accuracy", Bound(">", 0.8)),
        ("recall[class=cat]", Bound(">", 0.7, True)),
        ("recall[*]", Bound(">", 0.5)),
        ("conformal_coverage[method=lac,coverage=90%]", Bound(">", 0.88, True)),
        ("nll", Bound("<", 1)),
        ("nll", Bound(">", 0.1)),
        ("nll", Versus("runs/a", -0.05)),
        ("brier", Bound("<", 0.5)),
        ("brier", Bound(">", 0.01)),
        ("precision[*]", Bound(">", 0.6)),
        ("mcc", Bound(">", 0.5)),
        ("cohen_kappa", Bound(">", 0.4)),
        ("cohen_kappa", Bound("<", 0.99)),
    ]
    assert gates[12].reason == "as agreed: > 0.6 is enough"
    assert [g.reason for g in gates[13:]] == ["why not"] + 2 * ["it's > 0.5, or else"]
    assert [g.where for g in gates[:2]] == ["gates.yaml, line 3", "gates.yaml, line 4"]
    assert gates[11].where == "gates.yaml, line 13"


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_file_is_read_with_any_line_ending_and_mark(tmp_path: Path, ending: str) -> None:
    file = tmp_path / "gates.yaml"
    file.write_bytes(("\ufeff" + ending.join(["ece: < 0.1", "mcc: > 0.5", ""])).encode())
    assert [g.key for g in gates_of_file(file)] == ["ece", "mcc"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there are no gates"),
        ("# nothing\n", "there are no gates"),
        ("- accuracy\n", "line 1: no measure with its requirement"),
        ("ece: < 0.1\naccuracy: 0.9\n", "line 2: '0.9' does not say which side"),
        ("ece:\n", "line 1: expected a requirement"),
        ("ece: []\n", "line 1: ece has no requirement"),
        ("ece: {reason: x}\n", "line 1: ece has no requirement"),
        ("ece: {requires: < 1}\n", "unknown field 'requires'. Did you mean 'require'?"),
        ("ece: {require: < 1, require: < 2}\n", "'require' is there twice"),
        ("ece: < 0.1\n\nece: < 0.2\n", "line 3: ece is there already, in line 1"),
        ("recall[class=cat: > 0.1\n", "line 1: 'recall.class=cat' lacks its ']'"),
        ('ece: "< 0.1\n', "not valid YAML"),
        ("ece: < 0.1\n  mcc: > 0.2\n", "line 2: not valid YAML"),
        ("ece: [[< 0.1]]\n", "line 1: expected a requirement"),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, said: str) -> None:
    with pytest.raises(UserError, match=said.replace("?", r"\?")) as error:
        gates_of_text(text, "gates.yaml")
    assert str(error.value).startswith("gates.yaml")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no\.yaml: cannot be read"):
        gates_of_file(tmp_path / "no.yaml")
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="cannot be read"):
        gates_of_file(tmp_path / "bytes.yaml")
