"""A file of gates: YAML with one measure a line, and its requirement.

.. code-block:: yaml

    accuracy: ">= 0.9"
    ece: < 5 %
    recall[class=cat]: > 0.7
    recall[*]: > 0.5                  # every class
    worst_group.accuracy:
      require: [> 0.8, not worse than runs/baseline by 0.01]
      reason: agreed with the clinic
"""

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from finetrust.core.errors import UserError
from finetrust.core.nearest import did_you_mean
from finetrust.gates.gate import Gate
from finetrust.gates.requirement import parse

_FIELDS = ("require", "reason")
_EXAMPLE = "Write one requirement a line, such as 'accuracy: > 0.9'."
# In YAML a bare ">" begins a folded text; here it is the start of a requirement.
_VALUES = re.compile(
    r"""(?P<before>(?:^|[:,\[{-])\s*)
    (?: "(?:[^"\\]|\\.)*" | '(?:[^']|'')*' |
        (?P<bare> >\s*=?\s*[-+]?\.?\d[\d.eE+-]*\s*%? ) (?=\s*(?:$|[,\]}]|\s\#)) )
    | \s\#.*""",
    re.VERBOSE,
)
_FOLDED = re.compile(r":\s+[>|][-+\d]*\s*(?:\s#.*)?$")


def gates_of_file(path: Path) -> list[Gate]:
    """Return the gates in a file, in its order.

    Raises
    ------
    UserError
        If the file cannot be read, is no YAML or states no requirement, naming the line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"{path}: cannot be read ({error})", "Give an existing YAML file of gates."
        ) from error
    return gates_of_text(text, str(path))


def gates_of_text(text: str, name: str) -> list[Gate]:
    """Return the gates in a YAML text.

    Parameters
    ----------
    text : str
    name : str
        What it is called in an error.
    """
    try:
        root = yaml.compose(_quoted(text), Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{name}, line {mark.line + 1}" if mark else name
        problem = getattr(error, "problem", None) or " ".join(str(error).split())
        raise UserError(
            f"{where}: not valid YAML ({problem})", "Put the requirement in quotes."
        ) from error
    if root is None:
        raise UserError(f"{name}: there are no gates", _EXAMPLE)
    if not isinstance(root, yaml.MappingNode):
        raise UserError(f"{_where(name, root)}: no measure with its requirement", _EXAMPLE)
    gates: list[Gate] = []
    lines: dict[str, int] = {}
    for key, value in root.value:
        where = _where(name, key)
        measure = _text(key, where, "the name of a measure")
        if measure in lines:
            raise UserError(
                f"{where}: {measure} is there already, in line {lines[measure]}",
                "Put all its requirements into one list.",
            )
        lines[measure] = key.start_mark.line + 1
        if "[" in measure and not measure.endswith("]"):
            raise UserError(f"{where}: '{measure}' lacks its ']'", "Mend the line.")
        gates += _gates_of(measure, value, name)
    if not gates:
        raise UserError(f"{name}: there are no gates", _EXAMPLE)
    return gates


def _gates_of(measure: str, node: yaml.Node, name: str) -> Iterator[Gate]:
    reason = ""
    if isinstance(node, yaml.MappingNode):
        fields = _fields(node, name)
        if "reason" in fields:
            reason = _text(fields["reason"], _where(name, fields["reason"]), "a reason")
        if "require" not in fields:
            raise UserError(
                f"{_where(name, node)}: {measure} has no requirement", "Add 'require: > 0.9'."
            )
        node = fields["require"]
    parts = node.value if isinstance(node, yaml.SequenceNode) else [node]
    if not parts:
        raise UserError(f"{_where(name, node)}: {measure} has no requirement", _EXAMPLE)
    for part in parts:
        where = _where(name, part)
        try:
            requirement = parse(_text(part, where, "a requirement"))
        except UserError as error:
            found = error.found if error.found.startswith(where) else f"{where}: {error.found}"
            raise UserError(found, error.mend) from None
        yield Gate(measure, requirement, " ".join(reason.split()), where)


def _fields(node: yaml.MappingNode, name: str) -> dict[str, yaml.Node]:
    fields: dict[str, yaml.Node] = {}
    for key, value in node.value:
        where = _where(name, key)
        field = _text(key, where, "require or reason")
        if field not in _FIELDS:
            raise UserError(
                f"{where}: unknown field '{field}'",
                did_you_mean(field, _FIELDS) or f"Known: {', '.join(_FIELDS)}.",
            )
        if field in fields:
            raise UserError(f"{where}: '{field}' is there twice", "Remove one of them.")
        fields[field] = value
    return fields


def _text(node: yaml.Node, where: str, expected: str) -> str:
    if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
        raise UserError(f"{where}: expected {expected}", _EXAMPLE)
    return node.value.strip()


def _where(name: str, node: yaml.Node) -> str:
    return f"{name}, line {node.start_mark.line + 1}"


def _quoted(text: str) -> str:
    """Return YAML in which requirements that begin with ">" are quoted."""
    lines, folded = [], -1
    for line in text.split("\n"):
        indent = len(line) - len(line.lstrip())
        if line.strip() and indent <= folded:
            folded = -1
        if folded < 0:
            line = _VALUES.sub(_with_quotes, line)
            folded = indent if _FOLDED.search(line) else -1
        lines.append(line)
    return "\n".join(lines)


def _with_quotes(found: re.Match[str]) -> str:
    if found["bare"] is None:
        return found[0]
    return f'{found["before"]}"{found["bare"].rstrip()}"'
