"""What a shortcut is, in words that need no paper at hand."""

from finetrust.trust.interpretability.shortcuts.judgement import WIDE, Shortcut
from finetrust.trust.interpretability.shortcuts.part import Box, Kind

_CARRIED: dict[Kind, str] = {
    "border": "carry something along their border",
    "background": "have a background",
    "colour": "have a colour and contrast",
    "detail": "share a fine pattern over the whole image",
}
_WHERE: dict[Kind, str] = {
    "border": "along the border",
    "background": "in the background",
    "colour": "in colour and contrast",
    "detail": "as fine detail all over the image",
}
_ROWS, _COLUMNS = ("upper", "middle", "lower"), ("left", "middle", "right")
_EDGES = {
    ("upper", "middle"): "at the upper edge, in the middle",
    ("lower", "middle"): "at the lower edge, in the middle",
    ("middle", "left"): "at the left edge, halfway up",
    ("middle", "right"): "at the right edge, halfway up",
    ("middle", "middle"): "in the middle",
}


def place_in_words(kind: Kind, box: Box | None, height: int, width: int) -> str:
    """Return where something is: ``in the lower right corner``.

    Parameters
    ----------
    kind : str
    box : (x1, y1, x2, y2) or None
        In pixels.
    height, width : int
        Of the images.
    """
    if box is None or kind in _WHERE:
        return _WHERE.get(kind, "all over the image")
    x, y = (box[0] + box[2]) / 2 / width, (box[1] + box[3]) / 2 / height
    at = _ROWS[min(int(3 * y), 2)], _COLUMNS[min(int(3 * x), 2)]
    return _EDGES.get(at, f"in the {at[0]} {at[1]} corner")


def alarm_sentence(shortcut: Shortcut, name: str, place: str) -> str:
    """Return what raises the alarm, where, for which class, and what it does.

    Parameters
    ----------
    shortcut : Shortcut
        That raises an alarm.
    name : str
        The name of its class.
    place : str
        As :func:`place_in_words` returns it.
    """
    carried = _CARRIED.get(shortcut.kind, f"carry something {place}")
    found = f"Images of '{name}' {carried} that the model goes by: {_effects(shortcut, name)}."
    if shortcut.kind in WIDE:
        found += " Whether that belongs to the class or is a shortcut, only a person can say."
    return found


def _effects(shortcut: Shortcut, name: str) -> str:
    told, left = [], shortcut.without.without
    if shortcut.needed or shortcut.fall.ci_low > 0:
        told.append(
            f"without it, its accuracy on {name} falls from {_percent(shortcut.accuracy.value)} to "
            f"{_percent(left.value)} (interval {100 * left.ci_low:.0f} to {_percent(left.ci_high)}, "
            f"{left.n} images)"
        )
    if shortcut.misleading:
        told.append(
            f"with it, {_percent(shortcut.turned.value)} more images of other classes are taken "
            f"for {name}"
        )
    return "; ".join(told)


def _percent(share: float) -> str:
    return f"{100 * share:.0f}\N{NO-BREAK SPACE}%"
