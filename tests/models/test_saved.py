import json

import pytest
import torch
from torch import nn

from finetrust.config import ModelOptions
from finetrust.core.errors import UserError
from finetrust.models import saved
from finetrust.models.assemble import assemble_classifier, classifier_network
from finetrust.models.preprocessing import Preprocessing

from .nets import SmallNet, images, with_used_statistics

PREPROCESSING = Preprocessing(32, 36, "bicubic", (0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
BUILDER = """
from torch import nn

def build(width=8):
    return nn.Sequential(nn.Conv2d(3, width, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
"""


def model_of(options, module=None, preprocessing=None, bias=True):
    """A tuned model: the backbone that was asked for under a head of three classes."""
    assembled = assemble_classifier(ModelOptions(**options), module, preprocessing)
    network = classifier_network(
        assembled.parts.backbone,
        nn.Linear(assembled.parts.features, 3, bias=bias),
        assembled.preprocessing,
    )
    with_used_statistics(network)
    return saved.SavedModel(
        network,
        "classification",
        ("cat", "dog", "Öl"),
        assembled.provenance,
        assembled.architecture,
        {"temperature": 1.25, "n": 40},
    )


def assert_predicts_the_same(model, loaded, size):
    batch = images(size=size)
    with torch.no_grad():
        assert torch.equal(loaded.network(batch), model.network(batch))


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({"model": "glyphnet"}, 32),
        ({"model": "mnasnet0_5", "weights": "random", "input_size": 32}, 32),
        ({"model": "squeezenet1_1", "weights": "random", "input_size": 32}, 32),
        ({"model": "googlenet", "weights": "random", "input_size": 64}, 64),
        ({"model": "timm:test_vit", "weights": "random"}, 160),
        ({"model": "timm:test_vit", "weights": "random", "model_args": {"img_size": 64}}, 64),
    ],
    ids=lambda value: value.get("model") if isinstance(value, dict) else str(value),
)
def test_a_network_saved_and_loaded_predicts_the_same(tmp_path, options, size):
    model = model_of(options)
    saved.save(model, tmp_path / "model")
    loaded = saved.load(tmp_path / "model")
    assert_predicts_the_same(model, loaded, size)
    assert loaded.network.preprocessing == model.network.preprocessing
    assert not loaded.network.training


def test_what_is_known_about_a_model_is_saved_with_it(tmp_path):
    model = model_of({"model": "glyphnet"})
    saved.save(model, tmp_path / "model")
    loaded = saved.load(tmp_path / "model")
    for name in ("task", "classes", "provenance", "architecture", "calibration"):
        assert getattr(loaded, name) == getattr(model, name)


def test_a_preprocessing_that_was_chosen_is_saved(tmp_path):
    chosen = {"model": "glyphnet", "input_size": 40, "mean": (0, 0, 0), "std": (1, 1, 0.5)}
    model = model_of(chosen)
    saved.save(model, tmp_path / "model")
    loaded = saved.load(tmp_path / "model")
    assert loaded.network.preprocessing.std == (1, 1, 0.5)
    assert_predicts_the_same(model, loaded, 40)


def test_a_head_without_bias_is_saved(tmp_path):
    model = model_of({"model": "glyphnet"}, bias=False)
    saved.save(model, tmp_path / "model")
    assert_predicts_the_same(model, saved.load(tmp_path / "model"), 32)


def test_memory_format_does_not_matter(tmp_path):
    model = model_of({"model": "glyphnet"})
    model.network.to(memory_format=torch.channels_last)
    saved.save(model, tmp_path / "model")
    loaded = saved.load(tmp_path / "model").network.state_dict()
    expected = model.network.state_dict()
    assert all(torch.equal(loaded[name], expected[name]) for name in expected)


def test_a_module_given_in_python_is_needed_again(tmp_path):
    model = model_of({}, SmallNet(), PREPROCESSING)
    saved.save(model, tmp_path / "model")
    with pytest.raises(UserError, match=r"finetrust\.load\(run, module=your_module\)"):
        saved.load(tmp_path / "model")
    own = SmallNet(classes=0)
    loaded = saved.load(tmp_path / "model", module=own)
    assert_predicts_the_same(model, loaded, 32)
    assert not torch.equal(own.stem[0].weight, loaded.network.backbone.stem[0].weight)


def test_another_module_than_the_one_that_was_tuned_is_told(tmp_path):
    saved.save(model_of({}, SmallNet(), PREPROCESSING), tmp_path / "model")
    with pytest.raises(UserError, match=r"weights\.safetensors: cannot be read"):
        saved.load(tmp_path / "model", module=SmallNet(width=9))


def test_the_code_of_a_builder_runs_again_only_when_it_is_named_again(tmp_path):
    (tmp_path / "mine.py").write_text(BUILDER)
    name = f"{tmp_path / 'mine.py'}:build"
    model = model_of({"model": name, "model_args": {"width": 6}}, preprocessing=PREPROCESSING)
    saved.save(model, tmp_path / "model")
    (tmp_path / "mine.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n{BUILDER}")
    with pytest.raises(UserError, match=r"If you trust that file, allow it to run: .*mine\.py"):
        saved.load(tmp_path / "model")
    assert not (tmp_path / "ran").exists()
    loaded = saved.load(tmp_path / "model", allow_code=name)
    assert (tmp_path / "ran").exists()
    assert_predicts_the_same(model, loaded, 32)


@pytest.fixture
def folder(tmp_path):
    saved.save(model_of({"model": "glyphnet"}), tmp_path / "model")
    return tmp_path / "model"


@pytest.mark.parametrize("name", ["model.json", "weights.safetensors"])
@pytest.mark.parametrize("content", [None, b"", b"{}", b"[]", b"\xff\x00broken", "half"])
def test_a_missing_or_broken_file_is_told_by_its_name(folder, name, content):
    whole = (folder / name).read_bytes()
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(whole[: len(whole) // 2] if content == "half" else content)
    with pytest.raises(UserError, match=f"{name}: cannot be read as part of a saved model"):
        saved.load(folder)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("recipe", {"in_features": 128}),
        ("recipe", None),
        ("preprocessing", {"input_size": 32}),
        ("architecture", {"no": "such"}),
        ("provenance", None),
        ("classes", 3),
    ],
)
def test_facts_that_make_no_sense_are_told(folder, key, value):
    facts = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**facts, key: value}))
    with pytest.raises(UserError, match=r"model\.json: cannot be read as part of a saved model"):
        saved.load(folder)


def test_weights_of_another_head_are_told(folder):
    facts = json.loads((folder / "model.json").read_text())
    facts["recipe"]["out_features"] = 4
    (folder / "model.json").write_text(json.dumps(facts))
    with pytest.raises(UserError, match=r"weights\.safetensors: cannot be read.*RuntimeError"):
        saved.load(folder)


def test_no_folder_at_all_is_told(tmp_path):
    with pytest.raises(UserError, match="Give the folder of a finished run"):
        saved.load(tmp_path / "none")


def test_a_model_saved_over_another_replaces_it(folder):
    model = model_of({"model": "glyphnet", "weights": "random"})
    saved.save(model, folder)
    assert_predicts_the_same(model, saved.load(folder), 32)
    assert sorted(path.name for path in folder.parent.iterdir()) == ["model"]
