"""Filters: which candidates are left out for what they cost or for their licence, and why."""

from dataclasses import dataclass

from finetrust.selection.examination import Weighed


@dataclass(frozen=True)
class Filters:
    """What a candidate may cost; None for no limit.

    Parameters
    ----------
    megabytes : float or None
        Of the weights in float32, 10^6 bytes.
    latency_ms : float or None
        Of one input on this machine.
    input_size : int or None
        Longer side of an image, in pixels; of texts the tokens that are read at once.
    licences : tuple of str
        Licences that are allowed; empty for all. What is not known is not allowed.
    """

    megabytes: float | None = None
    latency_ms: float | None = None
    input_size: int | None = None
    licences: tuple[str, ...] = ()

    def reason(self, weighed: Weighed) -> str:
        """Return why a candidate is left out; empty if it is not."""
        cost = weighed.cost
        if self.megabytes is not None and cost["megabytes"] > self.megabytes:
            return f"its weights take {cost['megabytes']:.1f} MB, more than {self.megabytes:g}"
        if self.latency_ms is not None and cost["latency_ms"] > self.latency_ms:
            return f"one input takes {cost['latency_ms']:.1f} ms, more than {self.latency_ms:g}"
        size = _longer_side(str(cost["input_size"]))
        if self.input_size is not None and size > self.input_size:
            return f"it reads {cost['input_size']}, more than {self.input_size}"
        allowed = {licence.lower() for licence in self.licences}
        if allowed and weighed.licence.lower() not in allowed:
            if weighed.licence in ("unknown", ""):
                return "its licence is not known"
            return f"its licence is {weighed.licence}"
        return ""


def _longer_side(size: str) -> int:
    return max(int(part) for part in size.removesuffix(" tokens").split("x"))
