import json
import time

import huggingface_hub
import pytest
import timm
import torch
from safetensors.torch import save_file

from finetrust.config import ModelOptions
from finetrust.core.errors import UserError
from finetrust.models.assemble import assemble_classifier
from finetrust.models.source import load_pretrained

from .nets import Payload


@pytest.fixture(params=["HF_HUB_OFFLINE unset", "HF_HUB_OFFLINE set"])
def offline(request, monkeypatch, tmp_path):
    """A network on which every request is refused at once, and an empty cache."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    is_set = request.param == "HF_HUB_OFFLINE set"
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", is_set)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    return is_set


def test_a_missing_network_is_told_within_seconds_with_what_to_do(offline):
    start = time.monotonic()
    with pytest.raises(UserError) as caught:
        load_pretrained("timm:test_resnet", "pretrained", {})
    assert time.monotonic() - start < 10
    where = "https://huggingface.co/timm/test_resnet.r160_in1k"
    assert f"weights of test_resnet could not be had from {where}" in caught.value.found
    assert "Fetch model.safetensors and config.json" in caught.value.mend
    assert huggingface_hub.constants.HF_HUB_OFFLINE is offline


@pytest.mark.parametrize("weights", ["pretrained", "random"])
def test_a_tag_that_timm_does_not_know_suggests_the_nearest(weights):
    with pytest.raises(UserError, match=r"no weights 'test_resnet\.r161.*'test_resnet\.r160_in1k'"):
        load_pretrained("test_resnet.r161_in1k", weights, {})


def test_a_model_without_pretrained_weights_says_so(offline):
    with pytest.raises(UserError, match=r"No pretrained weights exist.*--weights random"):
        load_pretrained("timm:darknet17", "pretrained", {})


@pytest.mark.parametrize("weights", ["pretrained", "random"])
@pytest.mark.parametrize(
    "args",
    [
        lambda file: {"checkpoint_path": file},
        lambda file: {"pretrained_cfg_overlay": {"file": file}},
        lambda file: {"pretrained_cfg": {"file": file}},
    ],
    ids=["checkpoint_path", "pretrained_cfg_overlay", "pretrained_cfg"],
)
def test_no_argument_makes_timm_run_code_from_a_file(tmp_path, weights, args):
    touched, file = tmp_path / "touched", tmp_path / "weights.pth"
    torch.save({"payload": Payload(touched)}, file)
    with pytest.raises(UserError, match="--weights FILE, which never does"):
        load_pretrained("timm:test_resnet", weights, args(str(file)))
    assert not touched.exists()


def downloaded(folder, architecture="test_resnet"):
    """A folder as timm's repositories on the hub are: weights and their configuration."""
    save_file(timm.create_model("test_resnet").state_dict(), folder / "model.safetensors")
    pretrained = {
        "input_size": [3, 96, 96],
        "crop_pct": 0.5,
        "interpolation": "bilinear",
        "mean": [0.1, 0.2, 0.3],
        "std": [0.4, 0.5, 0.6],
        "license": "apache-2.0",
    }
    config = {"architecture": architecture, "pretrained_cfg": pretrained}
    (folder / "config.json").write_text(json.dumps(config))
    return ModelOptions(model="timm:test_resnet", weights=str(folder / "model.safetensors"))


def test_the_configuration_beside_downloaded_weights_is_theirs(tmp_path):
    assembled = assemble_classifier(downloaded(tmp_path))
    found = assembled.preprocessing
    assert (found.input_size, found.resize, found.interpolation) == (96, 192, "bilinear")
    assert (found.mean, found.std) == ((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
    assert assembled.provenance.licence == "apache-2.0"
    assert assembled.parts.head.out_features == 1000


@pytest.mark.parametrize("content", [None, "broken", "[]", '{"architecture": "test_resnet"}'])
def test_without_a_whole_configuration_the_normalisation_is_asked_for(tmp_path, content):
    options = downloaded(tmp_path)
    (tmp_path / "config.json").unlink()
    if content is not None:
        (tmp_path / "config.json").write_text(content)
    with pytest.raises(UserError, match=r"--mean 0\.5,0\.5,0\.5 --std 0\.5,0\.5,0\.5"):
        assemble_classifier(options)


def test_the_configuration_of_another_architecture_is_not_taken(tmp_path):
    with pytest.raises(UserError, match="does not say how its inputs were normalised"):
        assemble_classifier(downloaded(tmp_path, architecture="resnet50"))


def test_the_image_size_of_a_transformer_is_its_input_size():
    options = ModelOptions(model="timm:vit_tiny_patch16_224", weights="random")
    chosen = options.model_copy(update={"model_args": {"img_size": 64}})
    with torch.device("meta"):
        assert assemble_classifier(options).preprocessing.input_size == 224
        assert assemble_classifier(chosen).preprocessing.input_size == 64


def test_an_oblong_input_is_told():
    with torch.device("meta"):
        built = load_pretrained("vit_base_patch16_sapiens2", "random", {})[1]
    assert "timm's input is 1024×768 pixels, finetrust's is square" in built.provenance.notes


def test_images_that_timm_puts_into_a_border_are_told():
    with torch.device("meta"):
        built = load_pretrained("deepseek_vit_412m", "random", {})[1]
    assert "timm prepares this model's images by 'border'" in built.provenance.notes[0]
