import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from finetrust.core.errors import UserError
from finetrust.models.source import find_architecture, load_pretrained, sources

from .tiny_encoders import bert_folder, gpt2_folder, minilm


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return bert_folder(tmp_path / "bert")


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("sentence-transformers/all-MiniLM-L6-v2", "transformers"),
        ("bert-base-uncased", "transformers"),
        ("transformers:some-one/some.model", "transformers"),
        ("resnet50", "torchvision"),
    ],
)
def test_a_name_with_an_organisation_is_one_of_the_hub(name: str, source: str) -> None:
    assert find_architecture(name, {}).source == source


def test_a_folder_is_known_by_its_config(folder: Path, tmp_path: Path) -> None:
    assert find_architecture(str(folder), {}).source == "transformers"
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "config.json").write_text('{"architecture": "resnet18"}')
    with pytest.raises(UserError, match="unknown model"):
        find_architecture(str(tmp_path / "other"), {})


def test_the_weights_are_those_in_the_file(folder: Path) -> None:
    _, built = load_pretrained(str(folder), "pretrained", {})
    stored = load_file(folder / "model.safetensors")
    own = built.module.encoder.state_dict()
    assert own.keys() == stored.keys()
    assert all(torch.equal(own[name], stored[name]) for name in own)


def test_provenance_names_file_digest_and_licence() -> None:
    _, built = load_pretrained(str(minilm()), "pretrained", {})
    digest = hashlib.sha256((minilm() / "model.safetensors").read_bytes()).hexdigest()
    assert built.provenance.sha256 == digest
    assert built.provenance.licence == "apache-2.0"
    assert built.kind == "encoder"


def test_random_weights_are_others_and_read_texts_alike(folder: Path) -> None:
    _, built = load_pretrained(str(folder), "pretrained", {})
    _, random = load_pretrained(str(folder), "random", {})
    one, other = (b.module.encoder.get_input_embeddings().weight for b in (built, random))
    assert one.shape == other.shape
    assert not torch.equal(one, other)
    assert random.preprocessing == built.preprocessing
    assert random.provenance.source == "random"


def test_a_saved_architecture_is_built_without_the_folder(folder: Path) -> None:
    architecture, built = load_pretrained(str(folder), "pretrained", {})
    saved = json.loads(json.dumps(dict(architecture.args)))
    shutil.rmtree(folder)
    again = sources.get("transformers").build(architecture.name, "random", saved)
    again.module.load_state_dict(built.module.state_dict())


def test_settings_of_the_configuration_can_be_overridden(folder: Path) -> None:
    _, built = load_pretrained(str(folder), "random", {"num_hidden_layers": 1})
    assert len(built.module.encoder.encoder.layer) == 1
    with pytest.raises(UserError, match=r"no setting 'num_hiden_layers'.*'num_hidden_layers'"):
        load_pretrained(str(folder), "random", {"num_hiden_layers": 1})


def test_overridden_settings_that_the_weights_do_not_fit_are_an_error(folder: Path) -> None:
    with pytest.raises(UserError, match=r"the weights do not fit the configuration"):
        load_pretrained(str(folder), "pretrained", {"num_hidden_layers": 3})


def test_a_pickle_is_never_read(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'exit 1'\ntR.")
    with pytest.raises(UserError, match=r"only pytorch_model\.bin, a pickle, which is never read"):
        load_pretrained(str(folder), "pretrained", {})


def test_code_that_comes_with_a_model_is_not_run_unasked(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["auto_map"] = {"AutoModel": "evil.Model", "AutoConfig": "evil.Config"}
    (folder / "config.json").write_text(json.dumps(config))
    ran = folder / "ran"
    (folder / "evil.py").write_text(f"open({str(ran)!r}, 'w')\n")
    with pytest.raises(UserError, match=r"such code is not run unasked.*--trust-remote-code"):
        load_pretrained(str(folder), "pretrained", {})
    assert not ran.exists()


def test_code_that_comes_with_a_model_is_run_where_the_user_allows_it(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import transformers.dynamic_module_utils as dynamic

    monkeypatch.setattr(dynamic, "HF_MODULES_CACHE", str(tmp_path / "modules"))
    config = json.loads((folder / "config.json").read_text())
    config["auto_map"] = {"AutoModel": "own.OwnModel"}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "own.py").write_text(
        "from transformers import BertModel\nclass OwnModel(BertModel):\n    mine = True\n"
    )
    _, built = load_pretrained(str(folder), "pretrained", {"trust_remote_code": True})
    assert built.module.encoder.mine


def test_a_missing_tokenizer_is_an_error(folder: Path) -> None:
    for file in folder.glob("*token*"):
        file.unlink()
    with pytest.raises(UserError, match=r"there is no tokenizer"):
        load_pretrained(str(folder), "pretrained", {})
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(UserError, match=r"no fast tokenizer that can be read"):
        load_pretrained(str(folder), "pretrained", {})


def test_a_tokenizer_of_another_model_is_an_error(folder: Path) -> None:
    with pytest.raises(UserError, match=r"the tokenizer has \d+ tokens, the model only 20"):
        load_pretrained(str(folder), "random", {"vocab_size": 20})


def test_a_broken_weights_file_is_an_error(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(UserError, match=r"cannot be loaded as a model of the transformers library"):
        load_pretrained(str(folder), "pretrained", {})


def test_without_a_network_the_error_says_how_to_get_it_by_hand() -> None:
    with pytest.raises(
        UserError, match=r"nobody/nothing .*give their folder with --model"
    ) as caught:
        load_pretrained("nobody/nothing", "pretrained", {})
    assert "\n" not in str(caught.value)


def test_a_model_in_the_cache_of_the_hub_needs_no_network(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    home = tmp_path / "hub" / "models--some-one--tiny"
    (home / "refs").mkdir(parents=True)
    (home / "refs" / "main").write_text("a" * 40)
    shutil.copytree(folder, home / "snapshots" / ("a" * 40))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    _, built = load_pretrained("some-one/tiny", "pretrained", {})
    assert built.provenance.source == "Hugging Face hub some-one/tiny"
    assert built.module.features == 16


def test_pooling_is_that_of_sentence_transformers_where_they_say_it(folder: Path) -> None:
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    _, built = load_pretrained(str(folder), "pretrained", {})
    assert built.module.pooling == "cls"


def test_a_model_that_reads_from_left_to_right_is_pooled_at_its_last_token(tmp_path: Path) -> None:
    _, built = load_pretrained(str(gpt2_folder(tmp_path)), "pretrained", {})
    assert built.module.pooling == "last"


def test_positions_of_roberta_are_counted_from_beyond_the_padding(tmp_path: Path) -> None:
    folder = bert_folder(tmp_path)
    import transformers

    own = json.loads((folder / "config.json").read_text())
    changes = {k: own[k] for k in ("vocab_size", "hidden_size", "num_attention_heads")}
    config = transformers.RobertaConfig(
        **changes, num_hidden_layers=1, intermediate_size=32, max_position_embeddings=34
    )
    transformers.RobertaModel(config).save_pretrained(folder)
    _, built = load_pretrained(str(folder), "pretrained", {})
    assert built.preprocessing.max_length == 32
    encoded = built.preprocessing.transform()(" ".join(["film"] * 100))
    with torch.no_grad():
        assert built.module.pooled()(built.preprocessing.collate([encoded])).isfinite().all()


def test_of_a_model_with_encoder_and_decoder_the_encoder_is_taken(tmp_path: Path) -> None:
    import transformers

    folder = bert_folder(tmp_path)
    vocab = json.loads((folder / "config.json").read_text())["vocab_size"]
    config = transformers.T5Config(
        vocab_size=vocab, d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2
    )
    transformers.T5Model(config).save_pretrained(folder)
    _, built = load_pretrained(str(folder), "pretrained", {})
    encoder = built.module.pooled()
    assert "decoder" not in {name.split(".")[1] for name, _ in encoder.named_parameters()}
    with torch.no_grad():
        assert encoder(built.preprocessing.example(2) | {}).shape == (2, 16)


def test_a_file_of_a_deeper_encoder_is_refused(folder: Path, tmp_path: Path) -> None:
    from finetrust.models.text_model import fit_encoder
    from finetrust.models.weights_file import WeightsFile

    stored = load_file(folder / "model.safetensors")
    more = {re.sub(r"layer\.\d+", "layer.9", name): tensor for name, tensor in stored.items()}
    _, built = load_pretrained(str(folder), "random", {})
    with pytest.raises(UserError, match=r"deeper network: .* the model has no '.*layer\.9'"):
        fit_encoder(built.module.pooled().encoder, WeightsFile(tmp_path, {**stored, **more}))


def test_a_model_of_something_else_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "vit", "hidden_size": 12}')
    with pytest.raises(UserError, match=r"'vit' is no model of texts"):
        load_pretrained(str(tmp_path), "random", {})


def test_weights_of_the_same_architecture_can_be_given_as_a_file(
    folder: Path, tmp_path: Path
) -> None:
    from finetrust.models.text_model import fit_encoder
    from finetrust.models.weights_file import read_weights

    stored = load_file(folder / "model.safetensors")
    renamed = {f"module.{name}": tensor + 1 for name, tensor in stored.items()}
    save_file(renamed, tmp_path / "other.safetensors")
    _, built = load_pretrained(str(folder), str(tmp_path / "other.safetensors"), {})
    encoder = built.module.pooled().encoder
    notes = fit_encoder(encoder, read_weights(tmp_path / "other.safetensors"))
    name = "embeddings.word_embeddings.weight"
    assert torch.equal(encoder.state_dict()[name], stored[name] + 1)
    assert notes[0] == "the prefix 'module.' of the names was removed"
    del renamed[f"module.{name}"]
    save_file(renamed, tmp_path / "cut.safetensors")
    with pytest.raises(
        UserError, match=r"weights for another architecture: \d+ of \d+ tensors fit"
    ):
        fit_encoder(encoder, read_weights(tmp_path / "cut.safetensors"))
