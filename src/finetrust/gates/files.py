"""What came of gates, as files in the run folder: for servers, for people and for programs.

==============  ==============================================================================
``gates.xml``   JUnit XML, which GitHub, GitLab, Jenkins and Azure read: one test case a gate
``gates.md``    a table for pull requests
``gates.json``  the same as values
==============  ==============================================================================
"""

import json

from finetrust.core.atomic import write_json, write_text
from finetrust.core.run_folder import RunFolder
from finetrust.gates.gate import GatesResult
from finetrust.gates.junit import junit_xml
from finetrust.gates.markdown import gates_markdown

XML, MARKDOWN, JSON = "gates.xml", "gates.md", "gates.json"


def write_gates(folder: RunFolder, result: GatesResult) -> None:
    """Write all three files, each whole or not at all."""
    write_text(folder.path / XML, junit_xml(result))
    write_text(folder.path / MARKDOWN, gates_markdown(result))
    write_json(folder.path / JSON, result.to_dict())


def remove_gates(folder: RunFolder) -> None:
    """Remove what came of gates on an earlier evaluation."""
    for name in (XML, MARKDOWN, JSON):
        (folder.path / name).unlink(missing_ok=True)


def gates_result(folder: RunFolder) -> GatesResult | None:
    """Return what came of gates on the last evaluation; None where there were none."""
    file = folder.path / JSON
    if not file.exists():
        return None
    return GatesResult.from_dict(json.loads(file.read_text(encoding="utf-8")))
