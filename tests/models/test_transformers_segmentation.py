from pathlib import Path

import pytest
import torch

from data.mask_folders import coloured_folder
from finetrust.config import TuneOptions
from finetrust.core.errors import UserError
from finetrust.data.source import DataOptions, open_dataset
from finetrust.models.source import load_pretrained, sources
from finetrust.tasks.segmentation import Segmentation

transformers = pytest.importorskip("transformers")
TASK = Segmentation()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A SegFormer with random weights, as its publisher would have it on the hub."""
    config = transformers.SegformerConfig(
        depths=[1, 1, 1, 1],
        hidden_sizes=[8, 8, 16, 16],
        decoder_hidden_size=16,
        num_attention_heads=[1, 1, 2, 2],
        id2label={0: "0", 1: "1", 2: "2", 3: "boat"},
        label2id={"0": 0, "1": 1, "2": 2, "boat": 3},
    )
    transformers.SegformerForSemanticSegmentation(config).save_pretrained(tmp_path / "model")
    transformers.SegformerImageProcessor(
        size={"height": 96, "width": 96}, image_mean=[0.5, 0.4, 0.3]
    ).save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def test_a_folder_gives_the_model_with_its_classes_and_its_preprocessing(folder: Path) -> None:
    architecture, built = load_pretrained(str(folder), "pretrained", {})
    assert architecture.source == "transformers"
    assert built.kind == "segmenter"
    assert built.classes == ("0", "1", "2", "boat")
    assert built.preprocessing is not None
    assert built.preprocessing.mean == (0.5, 0.4, 0.3)
    assert built.preprocessing.input_size == 96


def test_only_its_last_layer_is_new_and_it_comes_back(folder: Path, tmp_path: Path) -> None:
    dataset = open_dataset(coloured_folder(tmp_path / "data", n=3), DataOptions())
    options = TuneOptions(model=str(folder), data="x", input_size=64)
    assembled = TASK.assemble(options, dataset)
    network = TASK.network(assembled, dataset.classes, options).eval()
    assert network.fresh == {
        "head.head.decoder.classifier.weight",
        "head.head.decoder.classifier.bias",
    }
    images = torch.randint(256, (2, 3, 64, 64), dtype=torch.uint8)
    assert network(images).shape == (2, 3, 16, 16)
    architecture = assembled.architecture
    module = (
        sources.get("transformers").build(architecture.name, "random", architecture.args).module
    )
    again = TASK.restore(module, network.recipe, network.preprocessing).eval()
    again.load_state_dict(network.state_dict())
    assert torch.equal(again(images), network(images))


def test_it_is_judged_as_it_comes(folder: Path, tmp_path: Path) -> None:
    dataset = open_dataset(coloured_folder(tmp_path / "data", n=3), DataOptions())
    assembled = TASK.assemble(TuneOptions(model=str(folder), data="x"), dataset)
    network, classes = TASK.as_it_comes(assembled, dataset)
    assert classes == ("0", "1", "2", "boat")
    images = torch.rand(1, 3, *network.preprocessing.canvas)
    module = transformers.SegformerForSemanticSegmentation.from_pretrained(folder).eval()
    with torch.no_grad():
        expected = module(network.normalise(images)).logits
        torch.testing.assert_close(network.eval()(images), expected, rtol=1e-4, atol=1e-5)


def test_a_model_that_is_built_otherwise_is_refused(tmp_path: Path) -> None:
    config = transformers.DPTConfig(
        hidden_size=16,
        num_hidden_layers=4,
        num_attention_heads=2,
        intermediate_size=16,
        image_size=32,
        patch_size=8,
        backbone_out_indices=[0, 1, 2, 3],
        neck_hidden_sizes=[8, 8, 8, 8],
        fusion_hidden_size=8,
        reassemble_factors=[4, 2, 1, 0.5],
    )
    transformers.DPTForSemanticSegmentation(config).save_pretrained(tmp_path / "dpt")
    with pytest.raises(UserError, match="cannot be taken apart into an encoder and a head"):
        load_pretrained(str(tmp_path / "dpt"), "pretrained", {})
