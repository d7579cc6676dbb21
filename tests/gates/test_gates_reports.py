"""What came of gates, for machines and for people."""

import io
from xml.etree import ElementTree

import pytest
from rich.console import Console

from finetrust.core.run_folder import RunFolder
from finetrust.gates.files import gates_result, remove_gates, write_gates
from finetrust.gates.gate import GatesResult, Outcome
from finetrust.gates.junit import junit_xml
from finetrust.gates.markdown import gates_markdown
from finetrust.gates.table import gates_table

HOSTILE = '</failure>|<script>"]]>\x1b[31m\ud800\ufffe\u202e`*'
OUTCOMES = (
    Outcome("accuracy", "> 0.9", "passed", "The whole.", 0.95, 0.93, 0.97, 400, "%"),
    Outcome("ece", "< 5 %", "failed", "Nothing.", 0.15, 0.12, 0.17, 400, "%", "law", "g.yaml, line 2"),
    Outcome("nll", "better than runs/a", "not shown", "A part.", 0.02, -0.01, 0.05, 400, is_gain=True),
    Outcome(f"recall[class={HOSTILE}]", "> 0.5", "not applicable", f"Why: {HOSTILE}", reason=HOSTILE),
)  # fmt: skip
RESULT = GatesResult("runs/b", "pets, test split, 400 images", OUTCOMES)


def test_junit_xml_has_a_case_for_each_gate_and_a_failure_for_each_that_is_not_met() -> None:
    root = ElementTree.fromstring(junit_xml(RESULT).encode())
    (suite,) = root
    assert (root.tag, suite.tag) == ("testsuites", "testsuite")
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("4", "3", "0")
    cases = suite.findall("testcase")
    assert [len(case.findall("failure")) for case in cases] == [0, 1, 1, 1]
    assert all(case.get("classname") == "runs/b" and case.get("name") for case in cases)
    assert len({case.get("name") for case in cases}) == 4
    failure = cases[1].find("failure")
    assert failure is not None
    assert failure.get("message") == "failed: Nothing."
    assert (failure.text or "").splitlines()[-2:] == ["law", "g.yaml, line 2"]


def test_markdown_is_one_table_in_which_names_stay_names() -> None:
    page = gates_markdown(RESULT)
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert page.startswith("## 1 of 4 gates passed\n")
    assert len(rows) == 6
    assert "<script>" not in page
    assert "\x1b" not in page
    assert "✅ passed | accuracy |" in rows[2]
    assert "+0.020" in rows[4]


def test_the_terminal_shows_all_in_eighty_columns() -> None:
    out = io.StringIO()
    Console(file=out, width=80).print(gates_table(RESULT))
    shown = out.getvalue()
    assert "1 of 4 gates passed" in shown
    for word in ("passed", "failed", "not shown", "not applicable"):
        assert word in shown
    assert "\x1b[31m" not in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_files_come_back_and_go(tmp_path) -> None:
    folder = RunFolder(tmp_path)
    assert gates_result(folder) is None
    plain = GatesResult("runs/b", "pets", OUTCOMES[:3])
    write_gates(folder, plain)
    assert gates_result(folder) == plain
    assert sorted(p.name for p in tmp_path.iterdir()) == ["gates.json", "gates.md", "gates.xml"]
    remove_gates(folder)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kept", [0, 1])
def test_a_result_is_passed_where_every_gate_is(kept: int) -> None:
    result = GatesResult("a", "", OUTCOMES[: kept + 1])
    assert result.passed == (kept == 0)
    assert len(result.missed) == kept
