"""The small pretrained backbone that comes with finetrust: no network, no download."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from finetrust.models.glyphnet import INPUT_SIZE, MEAN, STD, GlyphNet
from finetrust.models.preprocessing import Preprocessing
from finetrust.models.source import Pretrained, Provenance, sources
from finetrust.models.weights_file import read_weights, sha256_of_file, sha256_of_tensors

WEIGHTS = Path(__file__).parent / "weights" / "glyphnet.safetensors"


class FinetrustSource:
    """``glyphnet``: 32 px, pretrained on printed letters and symbols."""

    rank = 3

    def names(self) -> list[str]:
        return ["glyphnet"]

    def accepts(self, name: str) -> bool:
        return name in self.names()

    def build(self, name: str, weights: str, args: Mapping[str, Any]) -> Pretrained:
        module = GlyphNet(num_classes=0)
        if weights == "random":
            digest = sha256_of_tensors(module.state_dict())
            provenance = Provenance(name, "random", digest, licence="none")
        else:
            module.load_state_dict(read_weights(WEIGHTS))
            digest = sha256_of_file(WEIGHTS)
            provenance = Provenance(name, "finetrust glyphnet", digest, licence="Apache-2.0")
        preprocessing = Preprocessing(INPUT_SIZE, INPUT_SIZE, "bilinear", MEAN, STD)
        return Pretrained(module, preprocessing, provenance)


sources.add("finetrust", FinetrustSource())
