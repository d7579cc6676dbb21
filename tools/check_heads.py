"""Takes every torchvision and timm classifier apart and prints those for which that fails.

    python tools/check_heads.py                     # shapes only, on the meta device: 10 minutes
    python tools/check_heads.py --values 20         # with numbers, up to 20 million parameters
    python tools/check_heads.py --source timm --match "deit*"

A model passes if its backbone yields (2, d) features, if it has a head that reads d of them, and,
with numbers, if head and backbone together equal the model as it was. Models whose head cannot be
told apart but which yield features are counted apart: they can be tuned, not judged as they come.
"""

import argparse
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatch

import torch
from torch import nn

from finetrust.core.errors import UserError
from finetrust.models.head import Parts, take_apart
from finetrust.models.source import sources


def main() -> int:
    """Check what was asked for; return 1 if anything fails."""
    raw = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--source", choices=("torchvision", "timm"), help="one source only")
    parser.add_argument("--match", default="*", help="shell pattern of the names")
    parser.add_argument("--values", type=float, default=0.0, help="largest model with numbers")
    parser.add_argument("--chunk", default="0/1", help="I/N: every N-th model, from the I-th on")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    counts: Counter[str] = Counter()
    part, parts = map(int, chosen.chunk.split("/"))
    for source, name in sorted(_names(chosen.source, chosen.match))[part::parts]:
        start = time.perf_counter()
        verdict, detail = _check(source, name, chosen.values)
        counts[f"{source}: {verdict}"] += 1
        if verdict not in ("head", "head, same numbers"):
            seconds = time.perf_counter() - start
            print(f"{verdict:20}  {source}:{name:45} {seconds:5.1f} s  {detail}", flush=True)
    for verdict, count in sorted(counts.items()):
        print(f"{count:6}  {verdict}")
    return int(any("fails" in verdict for verdict in counts))


def _names(source: str | None, pattern: str) -> Iterator[tuple[str, str]]:
    for name in [source] if source else ["torchvision", "timm"]:
        yield from ((name, model) for model in sources.get(name).names() if fnmatch(model, pattern))


def _check(source: str, name: str, values: float) -> tuple[str, str]:
    try:
        module, size = _build(source, name, torch.device("meta"))
        millions = sum(p.numel() for p in module.parameters()) / 1e6
        if millions <= values:
            module, size = _build(source, name, torch.device("cpu"))
        return _take_apart(module.eval(), size)
    except Exception as error:
        return "fails", f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


def _build(source: str, name: str, device: torch.device) -> tuple[nn.Module, int]:
    try:
        with device:
            built = sources.get(source).build(name, "random", {})
    except (NotImplementedError, RuntimeError, UserError):
        built = sources.get(source).build(name, "random", {})
    assert built.preprocessing is not None
    return built.module.to(device), built.preprocessing.input_size


def _take_apart(module: nn.Module, size: int) -> tuple[str, str]:
    example = torch.rand(2, 3, size, size, device=next(module.parameters()).device)
    with torch.no_grad():
        before = module(example)
        parts = take_apart(module, size)
        features = parts.backbone(example)
    if features.flatten(1).shape != (2, parts.features):
        return "fails", f"{tuple(features.shape)} features, not (2, {parts.features})"
    if parts.head is None:
        return "no head", f"{tuple(before.shape)} before, {tuple(features.shape)} features"
    return _compare(parts, features.flatten(1), before)


def _compare(parts: Parts, features: torch.Tensor, before: torch.Tensor) -> tuple[str, str]:
    assert parts.head is not None
    if parts.head.in_features != parts.features:
        return "fails", f"the head reads {parts.head.in_features} of {parts.features} features"
    if features.is_meta:
        return "head", ""
    with torch.no_grad():
        gap = float((parts.head(features) - before.flatten(1)).abs().max())
    same = gap <= 1e-4 * max(1.0, float(before.abs().max()))
    return ("head, same numbers", "") if same else ("fails", f"logits differ by {gap:.2g}")


if __name__ == "__main__":
    sys.exit(main())
