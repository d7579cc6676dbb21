"""What is costly to find and small to keep: JSON values in the cache, by a mark of all they depend on."""

import hashlib
import json
from collections.abc import Callable, Iterable
from typing import Any

from finetrust import __version__
from finetrust.core.atomic import write_json
from finetrust.core.cache import cache_root


def kept(what: str, depends_on: Iterable[str | bytes], find: Callable[[], Any]) -> Any:
    """Return what `find` returns: from the cache where an earlier run has found it, else kept there.

    A cache that is broken, locked or full is done without.

    Parameters
    ----------
    what : str
        The folder of the cache; raise a number in it when the meaning of the values changes.
    depends_on : iterable of str or bytes
        All that the value depends on, besides the version of finetrust.
    find : callable
        Returns a JSON value.
    """
    mark = hashlib.sha256(__version__.encode())
    for part in depends_on:
        encoded = part if isinstance(part, bytes) else part.encode()
        mark.update(len(encoded).to_bytes(8, "little") + encoded)
    file = cache_root() / "kept" / what / f"{mark.hexdigest()}.json"
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        pass
    found = find()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_json(file, found)
    except OSError:
        pass
    return found
