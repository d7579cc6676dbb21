"""SVG as escaped markup: elements, and the frame with title and description of every plot."""

from html import escape

from markupsafe import Markup

from finetrust.report.names import printable


def element(tag: str, *children: object, **attributes: object) -> Markup:
    """Return an SVG element; everything that is no markup already is escaped.

    Parameters
    ----------
    tag : str
    *children : Markup or anything printable
    **attributes
        ``text_anchor`` is written ``text-anchor``, ``class_`` is ``class``; None is left out.
    """
    given = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    inner = "".join(_child(child) for child in children)
    return Markup(f"<{tag}{given}>{inner}</{tag}>")


def drawing(
    width: float,
    height: float,
    *children: Markup,
    kind: str,
    title: str,
    description: str = "",
    least: float | None = None,
) -> Markup:
    """Return an SVG that scales with its box and is read aloud as `title`, then `description`.

    Parameters
    ----------
    width, height : float
        Of its own coordinates; also the size at which its letters are as large as the page's.
    *children : Markup
    kind : str
        CSS class, e.g. ``"line-chart"``.
    title, description : str
    least : float, optional
        Pixels below which it does not shrink, so that its letters stay readable.
    """
    about = [element("desc", description)] if description else []
    return element(
        "svg",
        *about,
        *children,
        viewBox=f"0 0 {_number(width)} {_number(height)}",
        width=width,
        height=height,
        role="img",
        aria_label=title,
        class_=f"plot {kind}",
        style=None if least is None else f"min-width: {_number(least)}px",
    )


def group(*children: Markup, class_: str | None = None, hint: str = "") -> Markup:
    """Return children as a group; `hint` is shown where the pointer rests on it."""
    hints = [element("title", hint)] if hint else []
    return element("g", *hints, *children, class_=class_)


def text(x: float, y: float, words: object, class_: str = "", **attributes: object) -> Markup:
    """Return text at a place."""
    return element("text", words, x=x, y=y, class_=class_ or None, **attributes)


def line(x1: float, y1: float, x2: float, y2: float, class_: str, **attributes: object) -> Markup:
    """Return a straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_, **attributes)


def rect(
    x: float, y: float, width: float, height: float, class_: str, **attributes: object
) -> Markup:
    """Return a rectangle; a negative size becomes 0."""
    size = {"width": max(0.0, width), "height": max(0.0, height)}
    return element("rect", x=x, y=y, **size, class_=class_, **attributes)


def circle(x: float, y: float, radius: float, class_: str) -> Markup:
    """Return a circle."""
    return element("circle", cx=x, cy=y, r=radius, class_=class_)


def polyline(points: list[tuple[float, float]], class_: str) -> Markup:
    """Return a line through points."""
    joined = " ".join(f"{_number(x)},{_number(y)}" for x, y in points)
    return element("polyline", points=joined, class_=class_)


def polygon(points: list[tuple[float, float]], class_: str) -> Markup:
    """Return the area between points."""
    joined = " ".join(f"{_number(x)},{_number(y)}" for x, y in points)
    return element("polygon", points=joined, class_=class_)


def _child(child: object) -> str:
    return child if isinstance(child, Markup) else escape(printable(child))


def _value(value: object) -> str:
    if isinstance(value, float):
        return _number(value)
    return escape(printable(value))


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
