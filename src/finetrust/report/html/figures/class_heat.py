"""What each class looks at on average, as small heat maps."""

import base64
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from finetrust.core.measure import Measure
from finetrust.report.details import rows_in
from finetrust.report.html.figure import Figure, figure
from finetrust.report.html.template import fill
from finetrust.report.report_data import ReportData

COLD, HOT = (128, 128, 128), (224, 96, 40)
LEAST_OPAQUE = 0.12


@figure("class_heat", order=230)
def class_heat(measures: Sequence[Measure], data: ReportData) -> Iterator[Figure]:
    """Yield the mean maps of the first measure that holds some."""
    for measure in measures:
        rows = rows_in(measure.details, "mean_heat", "class", "n", "map")
        maps = [
            {"class": str(row["class"]), "n": row["n"], "picture": picture}
            for row in rows
            if isinstance(row["n"], int) and (picture := _picture(row)) is not None
        ]
        if maps:
            yield Figure(
                "What each class looks at on average",
                "The mean of the heat maps of all items that were taken for a class, the more orange the "
                "more it speaks for the answer. A spot at one place in many images is no object: look there "
                "first.",
                fill("figures/class_heat.html.j2", maps=maps),
            )
            return


def _picture(row: Mapping[str, Any]) -> str | None:
    """Return a map as a picture in a URL; None where it is no matrix of numbers."""
    try:
        heat = np.array(row["map"], dtype=float)
    except (TypeError, ValueError):
        return None
    if heat.ndim != 2 or not heat.size or not np.isfinite(heat).all() or heat.max() <= 0:
        return None
    share = np.clip(heat / heat.max(), 0, 1)[..., None]
    # The page shows through where there is little heat, be it light or dark.
    colour = np.array(COLD) + share * (np.array(HOT) - np.array(COLD))
    opacity = 255 * (LEAST_OPAQUE + (1 - LEAST_OPAQUE) * share)
    pixels = np.concatenate([colour, opacity], axis=2).round().astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels, "RGBA").save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
