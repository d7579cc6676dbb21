"""A claim on a trial: held by one process at a time, and given up by the system when that is killed."""

import os
from pathlib import Path
from types import TracebackType

try:
    import fcntl
except ImportError:  # not a POSIX system: whoever shares a folder there shares no trials
    fcntl = None  # type: ignore[assignment]


class Claim:
    """A lock on a file beside the folder of a trial; the file goes when the work is done.

    Parameters
    ----------
    folder : Path
        Of the trial; need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder.with_name(f".{folder.name}.claim")
        self._handle: int | None = None

    @property
    def exists(self) -> bool:
        """Whether some process of this folder has ever held it."""
        return self._file.exists()

    def take(self) -> bool:
        """Return whether the claim is now this process's: False where another one holds it."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            if fcntl is not None:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            return False
        self._handle = handle
        return True

    def __enter__(self) -> "Claim":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._handle is not None:
            if kind is None:
                self._file.unlink(missing_ok=True)
            os.close(self._handle)
            self._handle = None
