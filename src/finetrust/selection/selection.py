"""A selection: the candidates in their order, as it is saved and read again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from finetrust.core.atomic import write_json
from finetrust.core.errors import UserError
from finetrust.selection.entry import Entry

SCHEMA = "finetrust-selection/1"
FILE = "selection.json"
PAGE = "selection.html"


@dataclass(frozen=True)
class Selection:
    """Pretrained models ranked for some labelled data, before any training.

    Parameters
    ----------
    entries : tuple of Entry
        The best first; what was not examined stands at the end.
    data : mapping
        ``name``, ``fingerprint`` of the training items, ``task``, ``classes``, ``n``, ``counted``.
    context : mapping
        ``quality`` (what the order goes by), ``objectives`` of the Pareto front, ``rounds``,
        ``seconds``, ``device``, ``versions``, ``notes``.
    path : Path or None
        The folder that it is saved in.
    """

    entries: tuple[Entry, ...]
    data: Mapping[str, Any]
    context: Mapping[str, Any] = field(default_factory=dict)
    path: Path | None = None

    @property
    def best(self) -> Entry:
        """The entry with rank 1; its ``model`` and ``weights`` are what ``tune`` takes."""
        return self.entries[0]

    @property
    def table(self) -> list[dict[str, Any]]:
        """A flat row for each entry, as ``pandas.DataFrame`` takes them."""
        return [entry.row() for entry in self.entries]

    def __getitem__(self, name: str) -> Entry:
        """Return the entry called `name`."""
        return next(entry for entry in self.entries if entry.name == name)

    def to_dict(self) -> dict[str, Any]:
        """Return the selection as JSON values."""
        entries = [entry.to_dict() for entry in self.entries]
        facts = {"data": dict(self.data), "context": dict(self.context)}
        return {"schema": SCHEMA, **facts, "entries": entries}

    def save(self, folder: Path) -> Path:
        """Write ``selection.json`` to `folder`."""
        write_json(folder / FILE, self.to_dict())
        return folder / FILE

    @classmethod
    def load(cls, folder: Path) -> "Selection":
        """Read the selection that was saved in `folder`.

        Raises
        ------
        UserError
            If there is none, or it cannot be read.
        """
        file = folder / FILE
        if not file.exists():
            raise UserError(
                f"{folder} holds no selection", "Give the folder that finetrust select wrote."
            )
        try:
            raw = json.loads(file.read_text(encoding="utf-8"))
            if raw["schema"] != SCHEMA:
                raise ValueError(f"its schema is {raw['schema']}, not {SCHEMA}")
            entries = [Entry(**{**e, "notes": tuple(e["notes"])}) for e in raw["entries"]]
            return cls(tuple(entries), raw["data"], raw["context"], folder)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"{file}: cannot be read ({error})", "Select again: finetrust select."
            ) from error
