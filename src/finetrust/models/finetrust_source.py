"""The small pretrained backbone that comes with finetrust: no network, no download."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from finetrust.core.errors import UserError
from finetrust.models.glyphnet import INPUT_SIZE, MEAN, STD, GlyphNet
from finetrust.models.preprocessing import Preprocessing
from finetrust.models.source import Pretrained, Provenance, Source, sources
from finetrust.models.weights_file import read_weights, sha256_of_file

WEIGHTS = Path(__file__).parent / "weights" / "glyphnet.safetensors"


class FinetrustSource(Source):
    """``glyphnet``: 32 px, pretrained on printed letters and symbols."""

    rank = 3

    def names(self) -> list[str]:
        return ["glyphnet"]

    def accepts(self, name: str) -> bool:
        return name in self.names()

    def build(self, name: str, weights: str, args: Mapping[str, Any]) -> Pretrained:
        if weights not in ("pretrained", "random"):
            raise UserError(
                f"{name} has no weights '{weights}'", "Known: pretrained, random, or a file."
            )
        if args:
            raise UserError(f"{name} takes no arguments", "Leave --model-args out.")
        module = GlyphNet(num_classes=0)
        preprocessing = Preprocessing(INPUT_SIZE, INPUT_SIZE, "bilinear", MEAN, STD)
        if weights == "random":
            return Pretrained(module, preprocessing, Provenance(name, "random", "", "none"))
        module.load_state_dict(read_weights(WEIGHTS).tensors)
        digest = sha256_of_file(WEIGHTS)
        provenance = Provenance(name, "finetrust glyphnet", digest, "Apache-2.0")
        return Pretrained(module, preprocessing, provenance)


sources.add("finetrust", FinetrustSource())
