"""Templates: always escaped, with the filters that write numbers and names for people."""

import re
from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from finetrust.report import numbers
from finetrust.report.absent import absent
from finetrust.report.details import part_told_of
from finetrust.report.html.measure_bar import measure_bar
from finetrust.report.names import (
    DIRECTIONS,
    printable,
    subset_label,
    subset_value,
    tail,
    words,
)

_CODE = re.compile(r"`([^`]+)`")
_ARXIV = re.compile(r"arXiv:(\d{4}\.\d{4,5})")


def fill(template: str, **values: object) -> Markup:
    """Return a template of this package filled with values, which are escaped."""
    return Markup(_environment().get_template(template).render(**values))


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("finetrust.report.html", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )
    environment.filters.update(
        absent=absent,
        bar=measure_bar,
        code=code_marked,
        count=numbers.count,
        counted=numbers.counted,
        duration=numbers.duration,
        interval=numbers.interval_of,
        number=numbers.number,
        part=part_told_of,
        percent=numbers.percent,
        points=numbers.points,
        rate=numbers.learning_rate,
        reference=reference_links,
        subset_label=subset_label,
        subset_value=subset_value,
        tail=tail,
        value=numbers.value_of,
        words=words,
    )
    environment.globals.update(DIRECTIONS=DIRECTIONS)
    environment.tests.update(digest=_is_digest)
    return environment


def reference_links(reference: str) -> Markup:
    """Return a reference in which ``arXiv:1706.04599`` is a link."""
    link = r'<a href="https://arxiv.org/abs/\1" rel="noreferrer">arXiv:\1</a>'
    return Markup(_ARXIV.sub(link, str(escape(printable(reference)))))


def code_marked(text: str) -> Markup:
    """Return text in which what stands between backticks is code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(printable(text)))))


def _is_digest(value: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{64}", value) is not None


def _printable(value: object) -> object:
    return value if isinstance(value, Markup) or not isinstance(value, str) else printable(value)
