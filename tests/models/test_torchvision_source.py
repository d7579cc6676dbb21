import time
import warnings

import pytest
import torch
import torchvision
from torchvision.models import get_model_weights

from finetrust.config import ModelOptions
from finetrust.core.errors import UserError
from finetrust.models import saved
from finetrust.models.assemble import assemble_classifier, classifier_network
from finetrust.models.source import load_pretrained, sources

from .nets import images


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """A network on which every request is refused at once, and an empty cache."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    return tmp_path


def recognised(name, tag, args=None):
    """What the source says about the file of some official weights, by the start of its digest."""
    source = sources.get("torchvision")
    built = source.build(name, "random", args or {})
    digits = get_model_weights(name)[tag].url.rpartition("-")[2].removesuffix(".pth")
    return source.describe(built, "some.pth", digits + "0" * 56)


def test_names_are_classifiers_only():
    names = sources.get("torchvision").names()
    assert len(names) >= 80
    assert {"resnet50", "vit_b_16", "squeezenet1_0"} <= set(names)
    others = ("rcnn", "ssd", "retinanet", "deeplab", "fcn", "r3d", "mvit", "quantized", "raft")
    assert [name for name in names if any(other in name for other in others)] == []


def test_a_missing_network_says_what_was_tried_and_what_to_do(offline):
    start = time.monotonic()
    with pytest.raises(UserError) as caught:
        load_pretrained("torchvision:mnasnet0_5", "pretrained", {})
    assert time.monotonic() - start < 10
    url = get_model_weights("mnasnet0_5").DEFAULT.url
    assert f"could not be had from {url}" in caught.value.found
    assert f"put it into {offline}/hub/checkpoints" in caught.value.mend
    assert "--weights FILE" in caught.value.mend


def test_a_broken_file_in_torchs_cache_is_told(offline):
    name = get_model_weights("mnasnet0_5").DEFAULT.url.rpartition("/")[2]
    (offline / "hub" / "checkpoints").mkdir(parents=True)
    (offline / "hub" / "checkpoints" / name).write_bytes(b"broken")
    with pytest.raises(UserError, match=f"Fetch that file .* into {offline}"):
        load_pretrained("torchvision:mnasnet0_5", "pretrained", {})


def test_an_official_file_is_recognised_with_its_own_preprocessing_and_classes():
    first, second = (recognised("resnet50", f"IMAGENET1K_V{n}") for n in (1, 2))
    assert (first.preprocessing.resize, second.preprocessing.resize) == (256, 232)
    assert first.classes[0] == second.classes[0] == "tench"
    assert first.provenance.source == "torchvision ResNet50_Weights.IMAGENET1K_V1 from some.pth"
    assert first.normalisation_known


def test_any_other_file_leaves_the_normalisation_unknown():
    source = sources.get("torchvision")
    built = source.build("resnet18", "random", {})
    described = source.describe(built, "some.pth", "0" * 64)
    assert not described.normalisation_known
    assert described.classes == ()


@pytest.mark.parametrize("weights", ["IMAGENET1K_V3", "ResNet18_Weights.IMAGENET1K_V1"])
def test_unknown_weights_suggest_the_nearest(weights):
    with pytest.raises(
        UserError, match=r"mean 'IMAGENET1K_V\d'\? Known: IMAGENET1K_V1, IMAGENET1K_V2,"
    ):
        load_pretrained("resnet50", weights, {})


def test_another_number_of_classes_is_no_argument_of_pretrained_weights():
    with pytest.raises(UserError, match=r"num_classes.*Change --model-args"):
        load_pretrained("torchvision:mnasnet0_5", "pretrained", {"num_classes": 10})


def test_squeezenet_keeps_its_names_and_its_logits_before_the_rectifier():
    torch.manual_seed(0)
    original = torchvision.models.squeezenet1_1().eval()
    torch.manual_seed(0)
    ours = load_pretrained("squeezenet1_1", "random", {})[1].module.eval()
    assert ours.state_dict().keys() == original.state_dict().keys()
    images = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        features = original.features(images)
        expected = original.classifier[1](features).mean((2, 3))
        torch.testing.assert_close(ours(images), expected)
    assert (expected < 0).any()


@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_networks_that_renormalise_do_so_however_their_weights_come(name):
    with torch.device("meta"):
        module = load_pretrained(name, "random", {})[1].module
    assert module.transform_input
    assert [key for key in module.state_dict() if key.lower().startswith("aux")] == []


def test_the_image_size_of_a_transformer_is_its_input_size():
    options = ModelOptions(model="vit_b_32", weights="random", model_args={"image_size": 64})
    with torch.device("meta"):
        assembled = assemble_classifier(options)
    assert assembled.preprocessing.input_size == 64


@pytest.fixture
def downloads(monkeypatch):
    """Official weights as a network would bring them, in shape; their values are random."""

    def state_dict(weights, *_, **__):
        name = weights.url.rpartition("/")[2].rpartition("-")[0]
        args = {"image_size": weights.meta["min_size"][0]} if "vit" in name else {}
        with torch.device("meta"), warnings.catch_warnings(action="ignore"):
            module = torchvision.models.get_model(name.removesuffix("_swag"), **args)
        return {k: torch.rand(v.shape) / 100 for k, v in module.state_dict().items()}

    monkeypatch.setattr(torchvision.models.WeightsEnum, "get_state_dict", state_dict)


def test_pretrained_weights_come_with_their_name_classes_and_digest(downloads):
    assembled = assemble_classifier(ModelOptions(model="resnet18"))
    assert assembled.provenance.source == "torchvision ResNet18_Weights.IMAGENET1K_V1"
    assert len(assembled.provenance.sha256) == 64
    assert len(assembled.classes) == assembled.parts.head.out_features == 1000


def test_a_pretrained_googlenet_is_the_same_after_it_was_saved(downloads, tmp_path):
    assembled = assemble_classifier(
        ModelOptions(model="googlenet", weights="IMAGENET1K_V1", input_size=64)
    )
    network = classifier_network(
        assembled.parts.backbone, assembled.parts.head, assembled.preprocessing
    ).eval()
    model = saved.SavedModel(
        network, "classification", assembled.classes, assembled.provenance, assembled.architecture
    )
    saved.save(model, tmp_path / "model")
    batch = images(size=64)
    with torch.no_grad():
        assert torch.equal(saved.load(tmp_path / "model").network(batch), network(batch))


def test_a_transformer_for_larger_images_is_built_for_them_again(downloads):
    architecture, built = load_pretrained("vit_b_16", "IMAGENET1K_SWAG_E2E_V1", {})
    assert architecture.args == {"image_size": 384}
    assert built.preprocessing.input_size == 384
