import pickle
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from finetrust.core.errors import UserError
from finetrust.models.head import take_apart
from finetrust.models.weights_file import (
    WeightsFile,
    fit_weights,
    read_weights,
    sha256_of_file,
    sha256_of_tensors,
)

from .nets import Payload, SmallNet, with_used_statistics

FUZZ = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def trained():
    return with_used_statistics(SmallNet(classes=7))


def parts_of(net):
    return take_apart(net, 32)


def fit(state, net=None, wrapper=""):
    return fit_weights(parts_of(net or SmallNet(7)), WeightsFile(Path("w.pth"), state, wrapper))


def same_outputs(parts, net):
    images = torch.rand(2, 3, 32, 32)
    net.eval(), parts.backbone.eval()
    with torch.no_grad():
        torch.testing.assert_close(parts.head(parts.backbone(images)), net(images))


def prefixed(state, prefix):
    return {prefix + name: tensor for name, tensor in state.items()}


def test_weights_that_fit_are_loaded_without_notes(trained):
    parts, notes = fit(trained.state_dict())
    assert notes == ()
    same_outputs(parts, trained)


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_a_file_is_read_as_it_was_saved(trained, tmp_path, suffix):
    path = tmp_path / f"weights.{suffix}"
    state = trained.state_dict()
    save_file(state, path) if suffix == "safetensors" else torch.save(state, path)
    found = read_weights(path)
    assert found.wrapper == ""
    assert found.tensors.keys() == state.keys()
    assert all(torch.equal(found.tensors[name], state[name]) for name in state)


@pytest.mark.parametrize("prefix", ["module.", "model.", "module.backbone.", "net._orig_mod."])
def test_a_prefix_is_removed_and_told(trained, prefix):
    parts, notes = fit(prefixed(trained.state_dict(), prefix))
    assert notes == (f"the prefix '{prefix}' of the names was removed",)
    same_outputs(parts, trained)


@pytest.mark.parametrize("keys", [("state_dict",), ("model",), ("checkpoint", "model_state_dict")])
def test_a_wrapped_state_dict_is_found_and_told(trained, tmp_path, keys):
    wrapped = trained.state_dict()
    for key in reversed(keys):
        momentum = {0: {"momentum_buffer": torch.ones(3)}}
        wrapped = {"epoch": 3, "optimizer": {"state": momentum}, key: wrapped}
    torch.save(wrapped, tmp_path / "weights.pth")
    file = read_weights(tmp_path / "weights.pth")
    assert file.wrapper == ".".join(keys)
    parts, notes = fit(file.tensors, wrapper=file.wrapper)
    assert notes == (f"the weights were taken from '{file.wrapper}' in the file",)
    same_outputs(parts, trained)


def test_a_classifier_of_another_size_is_taken_over_and_told(trained):
    parts, notes = fit(trained.state_dict(), SmallNet(classes=1000))
    assert notes == ("the file's classifier has 7 outputs instead of 1000",)
    same_outputs(parts, trained)


def test_a_file_without_a_classifier_leaves_no_head(trained):
    state = {name: t for name, t in trained.state_dict().items() if not name.startswith("fc")}
    parts, notes = fit(state)
    assert parts.head is None
    assert notes == ("the file has no classifier 'fc'",)


def test_a_classifier_that_reads_other_features_leaves_no_head(trained):
    state = {**trained.state_dict(), "fc.weight": torch.ones(7, 99)}
    parts, notes = fit(state)
    assert parts.head is None
    assert notes[0] == "the file's classifier does not read the 8 features of the model"


def test_a_model_without_a_head_takes_the_backbone_and_tells_what_it_leaves(trained):
    parts, notes = fit(trained.state_dict(), SmallNet(classes=0))
    assert parts.head is None
    assert notes == ("2 tensors of the file are not used: fc.weight, fc.bias",)
    own = parts.backbone.state_dict()
    assert all(torch.equal(own[name], trained.state_dict()[name]) for name in own)


def test_a_classifier_without_a_bias_is_taken_over(trained):
    trained.fc = torch.nn.Linear(8, 7, bias=False)
    parts, _ = fit(trained.state_dict())
    assert parts.head.bias is None
    same_outputs(parts, trained)


def test_half_precision_weights_are_taken_in_float32(trained):
    parts, _ = fit({name: t.half() for name, t in trained.state_dict().items()})
    assert parts.backbone.stem[0].weight.dtype == parts.head.weight.dtype == torch.float32


def test_weights_for_another_architecture_are_refused_with_the_first_misfit():
    with pytest.raises(UserError) as caught:
        fit(SmallNet(7, width=9).state_dict())
    assert "w.pth: weights for another architecture: 2 of 14 tensors fit" in str(caught.value)
    assert "'stem.0.weight' is (9, 3, 3, 3) in the file and (8, 3, 3, 3) in" in str(caught.value)
    assert "--model" in caught.value.mend


def staged(blocks):
    """Return a network with so many equal blocks in a stage."""
    net = SmallNet(7)
    stage = [torch.nn.Sequential(torch.nn.Conv2d(8, 8, 3, padding=1)) for _ in range(blocks)]
    net.body = torch.nn.Sequential(net.body, torch.nn.Sequential(*stage))
    return net


def test_weights_of_a_deeper_network_are_refused_with_the_first_block_too_many():
    with pytest.raises(UserError) as caught:
        fit(staged(5).state_dict(), staged(3))
    told = (
        "weights of a deeper network: it holds 'body.1.3.0.weight', and the model has no 'body.1.3'"
    )
    assert told in str(caught.value)
    assert "--model" in caught.value.mend


def test_what_a_file_holds_beside_the_network_is_no_deeper_network(trained):
    beside = {
        "aux.0.weight": torch.ones(4, 8, 3, 3),
        "ema.body.0.weight": torch.ones(8, 8, 3, 3),
        "body.3.weight": torch.ones(9, 8),
        "stem.1.observer_0.scale": torch.ones(1),
    }
    _, notes = fit({**trained.state_dict(), **beside})
    assert notes == (f"4 tensors of the file are not used: {', '.join(beside)}",)


@pytest.mark.parametrize("name", ["stem.0.weight", "body.1.bias", "body.1.running_var"])
def test_no_tensor_of_the_backbone_may_be_missing(trained, name):
    state = trained.state_dict()
    del state[name]
    with pytest.raises(UserError, match=f"13 of 14 tensors fit; '{name}' is not in the file"):
        fit(state)


def test_the_last_layer_of_a_headless_backbone_may_not_be_missing():
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    state = net.state_dict()
    del state["1.weight"]
    with pytest.raises(UserError, match=r"'1\.weight' is not in the file"):
        fit(state, torch.nn.Sequential(*net, torch.nn.AdaptiveAvgPool2d(1)))


def test_counters_of_batches_may_be_missing(trained):
    state = trained.state_dict()
    del state["stem.1.num_batches_tracked"]
    assert fit(state)[1] == ()


def test_code_in_a_pickle_is_refused_and_not_run(tmp_path):
    touched, path = tmp_path / "touched", tmp_path / "weights.pth"
    torch.save({"fc.weight": torch.ones(2), "extra": Payload(touched)}, path)
    with pytest.raises(UserError, match=r"asks to run '(posix|nt)\.mkdir'.*never run"):
        read_weights(path)
    assert not touched.exists()
    torch.load(path, weights_only=False)
    assert touched.exists(), "the payload is none"


def test_a_bare_pickle_is_refused_and_not_run(tmp_path):
    touched, path = tmp_path / "touched", tmp_path / "weights.pth"
    path.write_bytes(pickle.dumps({"extra": Payload(touched)}, protocol=2))
    with pytest.raises(UserError):
        read_weights(path)
    assert not touched.exists()


def test_a_pickled_module_is_refused_by_its_name(tmp_path, trained):
    torch.save(trained, tmp_path / "weights.pth")
    with pytest.raises(UserError, match=r"'\S*nets\.SmallNet'.*Save the state_dict alone"):
        read_weights(tmp_path / "weights.pth")


@pytest.mark.parametrize(
    "content", [b"", b"<!DOCTYPE html><title>404</title>", b"\x80\x04garbage", b"PK\x03\x04"]
)
@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_a_file_that_holds_something_else_is_told(tmp_path, suffix, content):
    path = tmp_path / f"weights.{suffix}"
    path.write_bytes(content)
    with pytest.raises(UserError, match=f"^{path}: "):
        read_weights(path)


@pytest.mark.parametrize("legacy", [True, False])
@given(share=st.floats(0, 0.999))
@FUZZ
def test_a_truncated_pth_is_told(tmp_path, legacy, share):
    path = tmp_path / "weights.pth"
    torch.save({"fc.weight": torch.ones(500)}, path, _use_new_zipfile_serialization=not legacy)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(UserError):
        read_weights(path)


@given(share=st.floats(0, 0.999))
@FUZZ
def test_a_truncated_safetensors_file_is_told(tmp_path, share):
    path = tmp_path / "weights.safetensors"
    save_file({"fc.weight": torch.ones(500)}, path)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(UserError, match="broken safetensors file"):
        read_weights(path)


@given(content=st.binary(max_size=200))
@FUZZ
def test_any_bytes_end_in_an_error_of_ours(tmp_path, content):
    for suffix in ("pth", "safetensors"):
        path = tmp_path / f"weights.{suffix}"
        path.write_bytes(content)
        with pytest.raises(UserError):
            read_weights(path)


@pytest.mark.parametrize("content", [{}, {"epoch": 3}, [1, 2], torch.ones(3), {"a": {"b": 1}}])
def test_a_file_without_named_tensors_is_told(tmp_path, content):
    torch.save(content, tmp_path / "weights.pth")
    with pytest.raises(UserError, match="holds no tensors by name"):
        read_weights(tmp_path / "weights.pth")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_told(tmp_path, trained, value):
    with torch.no_grad():
        trained.fc.bias[3] = value
    torch.save(trained.state_dict(), tmp_path / "weights.pth")
    with pytest.raises(UserError, match=r"'fc\.bias' holds NaN or infinity"):
        read_weights(tmp_path / "weights.pth")


def test_a_missing_file_suggests_its_nearest_neighbour(tmp_path):
    (tmp_path / "resnet20-12fca82f.th").touch()
    with pytest.raises(UserError, match=r"no such weights file. Did you mean 'resnet20-12fca82f"):
        read_weights(tmp_path / "resnet20-12fca82e.th")


def test_digest_of_a_file_is_that_of_its_bytes(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256_of_file(tmp_path / "abc").startswith("ba7816bf8f01cfea414140de5dae2223")


def test_digest_of_tensors_knows_names_values_shapes_and_dtypes_but_no_order():
    state = {"a": torch.arange(6.0).view(2, 3), "b": torch.zeros(1)}
    same = {"b": torch.zeros(1), "a": state["a"].clone()}
    others = [
        {"A": state["a"], "b": state["b"]},
        {"a": state["a"] + 1, "b": state["b"]},
        {"a": state["a"].view(3, 2), "b": state["b"]},
        {"a": state["a"].view(torch.int32), "b": state["b"]},
    ]
    digest = sha256_of_tensors(state)
    assert sha256_of_tensors(same) == digest
    assert digest not in {sha256_of_tensors(other) for other in others}
