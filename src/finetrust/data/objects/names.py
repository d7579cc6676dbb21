"""Which image a name means: by the end of its path, without the suffix."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from finetrust.core.errors import UserError
from finetrust.data.images.image_files import SUFFIXES

Parts = tuple[str, ...]


def match_names(ids: Sequence[str], names: Sequence[str], source: str) -> list[str | None]:
    """Return the name that means each item, or None.

    A name means an item if their paths without the suffix are equal, or one is the end of the other:
    ``cat/x.png`` means ``test/cat/x.jpg``. Of several the longest.

    Parameters
    ----------
    ids : sequence of str (n,)
        Of the items of a data set.
    names : sequence of str
    source : str
        What errors call the source of the names.

    Raises
    ------
    UserError
        If a name may mean several items, or several names one.
    """
    whole: dict[Parts, str] = {}
    ends: dict[Parts, list[str]] = {}
    for name in names:
        parts = _parts(name)
        if whole.setdefault(parts, name) != name:
            raise UserError(
                f"object masks: in {source}, {whole[parts]} and {name} mean the same image",
                "Call it by one name.",
            )
        for start in range(1, len(parts)):
            ends.setdefault(parts[start:], []).append(name)
    found = [_match(id_, whole, ends, source) for id_ in ids]
    taken: dict[str, str] = {}
    for id_, meant in zip(ids, found, strict=True):
        if meant is not None and taken.setdefault(meant, id_) != id_:
            raise UserError(
                f"object masks: {meant} in {source} may mean the image {taken[meant]} or {id_}",
                "Give every image a mask of its own, under the same path.",
            )
    return found


def _match(
    id_: str, whole: dict[Parts, str], ends: dict[Parts, list[str]], source: str
) -> str | None:
    parts = _parts(id_)
    if parts in whole:
        return whole[parts]
    longer = ends.get(parts, [])
    if len(longer) > 1:
        raise UserError(
            f"object masks: the image {id_} may be meant by {longer[0]} or {longer[1]} in {source}",
            "Give the folder that holds the masks of these images alone.",
        )
    if longer:
        return longer[0]
    shorter = (whole.get(parts[start:]) for start in range(1, len(parts)))
    return next((name for name in shorter if name is not None), None)


def _parts(name: str) -> Parts:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.suffix.lower() in SUFFIXES:
        path = path.with_suffix("")
    return tuple(part for part in path.parts if part not in ("/", ".", ".."))
