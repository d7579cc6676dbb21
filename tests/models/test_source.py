import pytest
import torch

from finetrust.core.errors import UserError
from finetrust.models.source import Architecture, find_architecture, load_pretrained, sources

from .nets import SmallNet


@pytest.mark.parametrize(
    ("model", "source", "name"),
    [
        ("resnet50", "torchvision", "resnet50"),
        ("torchvision:resnet50", "torchvision", "resnet50"),
        ("timm:resnet50", "timm", "resnet50"),
        ("resnet50.a1_in1k", "timm", "resnet50.a1_in1k"),
        ("mobilenetv1_100", "timm", "mobilenetv1_100"),
        ("beit3_base_patch16_224.pt", "timm", "beit3_base_patch16_224.pt"),
        ("glyphnet", "finetrust", "glyphnet"),
        ("nets/mine.py:build", "builder", "nets/mine.py:build"),
    ],
)
def test_a_name_finds_its_source_and_torchvision_comes_before_timm(model, source, name):
    assert find_architecture(model, {}) == Architecture(source, name, {})


@pytest.mark.parametrize(
    ("typo", "nearest"),
    [
        ("resnet5O", "resnet50"),
        ("efficientnetb0", "efficientnet_b0"),
        ("mobilenetv3_smal_100", "mobilenetv3_small_100"),
        ("glyphnett", "glyphnet"),
        ("torchvision:resnet51", "resnet50"),
        ("timm:vit_tiny_patch16_225", "vit_tiny_patch16_224"),
    ],
)
def test_an_unknown_name_suggests_the_nearest_of_all_sources(typo, nearest):
    with pytest.raises(UserError, match=rf"{typo.rpartition(':')[2]}'. Did you mean '{nearest}'\?"):
        find_architecture(typo, {})


def test_a_name_like_no_other_says_what_names_there_are():
    with pytest.raises(UserError, match=r"unknown model 'qqqqq'. Give a torchvision or timm name"):
        find_architecture("qqqqq", {})


def test_arguments_that_json_cannot_hold_are_refused():
    with pytest.raises(UserError, match="arguments of model 'resnet18' cannot be kept as JSON"):
        find_architecture("resnet18", {"norm_layer": torch.nn.BatchNorm2d})


def test_a_weights_file_named_after_its_architecture_needs_no_other_name(tmp_path):
    path = tmp_path / "mobilenet_v3_small-047dcff4.pth"
    torch.save(SmallNet().state_dict(), path)
    architecture, built = load_pretrained(str(path), "pretrained", {})
    assert (architecture.source, architecture.name) == ("torchvision", "mobilenet_v3_small")
    assert built.file.path == path
    assert built.provenance.source == str(path)


def test_a_weights_file_lends_its_architecture_to_random_weights(tmp_path):
    path = tmp_path / "mobilenet_v3_small-047dcff4.pth"
    torch.save(SmallNet().state_dict(), path)
    _, built = load_pretrained(str(path), "random", {})
    assert built.file is None
    assert built.provenance.source == "random"


def test_a_weights_file_with_another_name_asks_for_its_architecture(tmp_path):
    path = tmp_path / "mine.pth"
    torch.save(SmallNet().state_dict(), path)
    with pytest.raises(UserError, match=r"--model ARCHITECTURE --weights .*mine\.pth"):
        load_pretrained(str(path), "pretrained", {})


@pytest.mark.parametrize("place", ["model", "weights"])
def test_a_missing_weights_file_suggests_its_neighbour(tmp_path, place):
    torch.save(SmallNet().state_dict(), tmp_path / "resnet18-f37072fd.pth")
    missing = str(tmp_path / "resnet18-f37072fe.pth")
    given = {"model": "resnet18", "weights": "pretrained", place: missing}
    with pytest.raises(UserError, match=r"no such weights file. Did you mean 'resnet18-f37072fd"):
        load_pretrained(given["model"], given["weights"], {})


def test_a_broken_file_is_told_before_anything_is_built(tmp_path):
    (tmp_path / "broken.pth").write_bytes(b"broken")
    with pytest.raises(UserError, match=r"broken\.pth"):
        load_pretrained("resnet18", str(tmp_path / "broken.pth"), {"no": "such argument"})


@pytest.mark.parametrize("source", ["builder", "finetrust", "timm", "torchvision"])
def test_every_source_knows_its_own_names_and_no_others(source):
    found = sources.get(source)
    assert all(found.accepts(name) for name in found.names())
    assert not found.accepts("no such model")


@pytest.mark.parametrize("name", ["timm:test_resnet", "torchvision:mnasnet0_5", "glyphnet"])
def test_weights_that_a_source_does_not_have_are_told(name):
    with pytest.raises(UserError, match="IMAGENET99"):
        load_pretrained(name, "IMAGENET99", {})


@pytest.mark.parametrize("name", ["timm:test_resnet", "torchvision:mnasnet0_5", "glyphnet"])
def test_arguments_that_an_architecture_does_not_take_are_told(name):
    with pytest.raises(UserError, match="model-args"):
        load_pretrained(name, "random", {"no_such_argument": 1})


@pytest.mark.parametrize("name", ["timm:test_resnet", "torchvision:mnasnet0_5", "glyphnet"])
def test_random_weights_follow_the_seed(name):
    def first():
        torch.manual_seed(3)
        module = load_pretrained(name, "random", {})[1].module
        return next(module.parameters())

    assert torch.equal(first(), first())


def test_every_source_is_named_in_the_provenance_of_random_weights():
    provenance = load_pretrained("timm:test_resnet", "random", {})[1].provenance
    assert (provenance.architecture, provenance.source) == ("test_resnet", "random")
    assert (provenance.sha256, provenance.licence) == ("", "none")
