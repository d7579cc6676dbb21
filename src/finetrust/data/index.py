"""The index of a data set: what tells later whether other data overlap with it."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from finetrust.core.arrow import bytes_column, number_column, text_column
from finetrust.core.atomic import replacing
from finetrust.core.errors import UserError
from finetrust.data.input_kind import InputKind

_PROPERTY = "property:"


@dataclass(frozen=True, eq=False)
class DataIndex:
    """What identifies the items of a data set, exactly and nearly.

    Parameters
    ----------
    ids : tuple of str (n,)
    digests : tuple of str (n,)
        SHA-256 of each content.
    splits : array of str (n,)
    signatures : uint8 array (n, bytes)
        By which near copies are found; see :class:`finetrust.data.input_kind.InputKind`.
    properties : mapping of str to float array (n,)
        What was measured of each input, e.g. ``brightness``; see there.
    """

    ids: tuple[str, ...]
    digests: tuple[str, ...]
    splits: np.ndarray
    signatures: np.ndarray
    properties: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ids)

    def of_split(self, name: str) -> "DataIndex":
        """Return the items of one split."""
        rows = np.flatnonzero(self.splits == name)
        return DataIndex(
            tuple(self.ids[i] for i in rows),
            tuple(self.digests[i] for i in rows),
            self.splits[rows],
            self.signatures[rows],
            {name: values[rows] for name, values in self.properties.items()},
        )

    def save(self, path: Path) -> None:
        """Write the index as a Parquet file, whole or not at all."""
        table = pa.Table.from_pydict(
            {
                "id": text_column(self.ids),
                "digest": text_column(self.digests),
                "split": text_column(self.splits),
                "signature": bytes_column(self.signatures),
                **{
                    _PROPERTY + name: number_column(values)
                    for name, values in self.properties.items()
                },
            }
        )
        with replacing(path) as temporary:
            parquet.write_table(table, temporary)

    @classmethod
    def load(cls, path: Path) -> "DataIndex":
        """Read an index.

        Raises
        ------
        UserError
            If the file is missing or is none.
        """
        try:
            table = parquet.read_table(path)
            signatures = b"".join(table["signature"].to_pylist())
            return cls(
                tuple(table["id"].to_pylist()),
                tuple(table["digest"].to_pylist()),
                np.array(table["split"].to_pylist(), dtype="<U5"),
                as_signatures(signatures, len(table)),
                {
                    column.removeprefix(_PROPERTY): table[column].to_numpy()
                    for column in table.column_names
                    if column.startswith(_PROPERTY)
                },
            )
        except (OSError, pa.ArrowException, KeyError, ValueError) as error:
            where = " ".join(str(error).split())
            raise UserError(
                f"{path}: cannot be read as the index of a data set ({where})",
                "Restore the file, or run finetrust tune again.",
            ) from error


def as_signatures(joined: bytes, n: int) -> np.ndarray:
    """Return signatures that follow one another as a uint8 array (n, bytes)."""
    return np.frombuffer(joined, np.uint8).reshape(n, len(joined) // n if n else 0)


def overlap(index: DataIndex, other: DataIndex, kind: InputKind) -> dict[str, list[list[str]]]:
    """Return the items of `index` that also lie in `other`.

    Returns
    -------
    dict
        ``"exact"`` and ``"near"``: lists of [id, other id]. A pair stands in one of them; an item
        with an exact copy is not listed as near.
    """
    rows_of: dict[str, list[int]] = defaultdict(list)
    for row, digest in enumerate(other.digests):
        rows_of[digest].append(row)
    exact = [(i, j) for i, digest in enumerate(index.digests) for j in rows_of.get(digest, ())]
    copied = {i for i, _ in exact}
    near = kind.near_pairs(index.signatures, other.signatures).tolist() if len(index) else []
    near = [(i, j) for i, j in near if i not in copied]
    return {
        kind: [[index.ids[i], other.ids[j]] for i, j in pairs]
        for kind, pairs in (("exact", exact), ("near", near))
    }
