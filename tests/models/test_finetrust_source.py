import torch

from finetrust.config import ModelOptions
from finetrust.models.assemble import assemble_classifier
from finetrust.models.finetrust_source import WEIGHTS
from finetrust.models.weights_file import sha256_of_file

from .nets import images


def test_the_bundled_backbone_comes_with_weights_preprocessing_and_licence():
    assembled = assemble_classifier(ModelOptions(model="glyphnet"))
    assert assembled.parts.features == 128
    assert assembled.parts.head is None
    assert assembled.preprocessing.input_size == 32
    assert assembled.provenance.sha256 == sha256_of_file(WEIGHTS)
    assert assembled.provenance.licence == "Apache-2.0"


@torch.no_grad()
def test_pretrained_weights_are_not_random_ones():
    batch = images() / 255

    def features(weights):
        backbone = assemble_classifier(
            ModelOptions(model="glyphnet", weights=weights)
        ).parts.backbone
        return backbone.eval()(batch)

    assert torch.equal(features("pretrained"), features("pretrained"))
    assert not torch.allclose(features("pretrained"), features("random"), atol=0.1)


def test_the_bundled_weights_are_small_enough_to_be_bundled():
    assert WEIGHTS.stat().st_size < 2 << 20
