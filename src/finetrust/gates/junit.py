"""Gates as JUnit XML, as the report formats of GitHub, GitLab, Jenkins and Azure expect it."""

import re
from xml.etree import ElementTree

from finetrust.gates.gate import GatesResult, Outcome
from finetrust.report.names import printable

SUITE = "finetrust gates"
_NO_XML = re.compile("[\ufffe\uffff]")


def junit_xml(result: GatesResult) -> str:
    """Return one test case a gate; what did not pass is a failure with its reason."""
    counts = {
        "name": SUITE,
        "tests": str(len(result.outcomes)),
        "failures": str(len(result.missed)),
        "errors": "0",
        "skipped": "0",
        "time": "0",
    }
    root = ElementTree.Element("testsuites", {k: v for k, v in counts.items() if k != "skipped"})
    suite = ElementTree.SubElement(root, "testsuite", counts)
    for outcome in result.outcomes:
        _add(suite, outcome, _text(result.run))
    ElementTree.indent(root, " ")
    body = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _add(suite: ElementTree.Element, outcome: Outcome, run: str) -> None:
    name = _text(f"{outcome.key} {outcome.required}")
    case = ElementTree.SubElement(suite, "testcase", classname=run, name=name, time="0")
    said = _text(outcome.said)
    if outcome.passed:
        ElementTree.SubElement(case, "system-out").text = said
        return
    failure = ElementTree.SubElement(
        case, "failure", message=f"{outcome.status}: {said}", type=outcome.status
    )
    lines = [f"{name}: {outcome.status}", said, outcome.reason, outcome.where]
    failure.text = "\n".join(_text(line) for line in lines if line)


def _text(text: str) -> str:
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", printable(text))
