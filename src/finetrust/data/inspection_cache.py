"""What earlier runs found in inputs, by the digest of their content: a small SQLite file."""

import contextlib
import sqlite3
import threading
from pathlib import Path
from types import TracebackType

import numpy as np

from finetrust.core.cache import cache_root
from finetrust.data.input_kind import Found, InputKind

FORMAT = 3
"""Raise it when what is kept changes its meaning."""

_ENTRIES_AT_ONCE = 4096
_SECONDS_TO_WAIT = 5.0
_FIGURE = "<f8"


class InspectionCache:
    """A cache that helps where it can: one that is broken, locked or full is done without.

    Safe to use from several threads and several processes.

    Parameters
    ----------
    kind : InputKind
        Of the inputs.
    """

    def __init__(self, kind: InputKind) -> None:
        self._lengths = (kind.signature_bytes, np.dtype(_FIGURE).itemsize * len(kind.properties))
        self._lock = threading.Lock()
        self._new: dict[str, Found] = {}
        self._file = cache_root() / "inspections" / f"{FORMAT}-{kind.name}.sqlite"
        self._connection = _open(self._file)

    def __enter__(self) -> "InspectionCache":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._lock:
            self._write()
            if self._connection is not None:
                self._connection.close()

    def get(self, digest: str) -> Found | None:
        """Return what was found in the content with this digest, or None if that is not known."""
        with self._lock:
            if self._connection is None:
                return None
            try:
                row = self._connection.execute(_SELECT, (bytes.fromhex(digest),)).fetchone()
            except sqlite3.Error as error:
                self._do_without(error)
                return None
        if row is None or (len(row[1]), len(row[2])) != self._lengths:
            return None
        figures = np.frombuffer(row[2], _FIGURE).tolist()
        return tuple(map(int, row[0].split(","))), row[1], tuple(figures)

    def put(self, digest: str, found: Found) -> None:
        """Keep what was found in the content with this digest."""
        with self._lock:
            self._new[digest] = found
            if len(self._new) >= _ENTRIES_AT_ONCE:
                self._write()

    def _write(self) -> None:
        rows = [
            (
                bytes.fromhex(digest),
                ",".join(map(str, size)),
                signature,
                np.array(figures, _FIGURE).tobytes(),
            )
            for digest, (size, signature, figures) in self._new.items()
        ]
        self._new.clear()
        if self._connection is None or not rows:
            return
        try:
            with self._connection:
                self._connection.executemany(_INSERT, rows)
        except sqlite3.Error as error:
            self._do_without(error)

    def _do_without(self, error: sqlite3.Error) -> None:
        """Go on without a cache; a broken file is removed, so that the next run starts afresh."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if not isinstance(error, sqlite3.OperationalError):
            with contextlib.suppress(OSError):
                self._file.unlink(missing_ok=True)


_CREATE = (
    "CREATE TABLE IF NOT EXISTS found "
    "(digest BLOB PRIMARY KEY, size TEXT, signature BLOB, figures BLOB) WITHOUT ROWID"
)
_SELECT = "SELECT size, signature, figures FROM found WHERE digest = ?"
_INSERT = "INSERT OR REPLACE INTO found VALUES (?, ?, ?, ?)"


def _open(file: Path) -> sqlite3.Connection | None:
    """Return a connection; a file that is no such cache is replaced by an empty one."""
    for _ in range(2):
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(file, timeout=_SECONDS_TO_WAIT, check_same_thread=False)
            connection.execute(_CREATE)
            connection.execute(_SELECT, (b"",)).fetchone()
        except sqlite3.OperationalError:
            return None
        except sqlite3.DatabaseError:
            with contextlib.suppress(OSError):
                file.unlink(missing_ok=True)
        except OSError:
            return None
        else:
            return connection
    return None
