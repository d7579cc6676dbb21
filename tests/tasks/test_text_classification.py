import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import finetrust
from finetrust.core.errors import UserError
from finetrust.data.source import open_dataset
from models.tiny_encoders import bert_folder

from .tiny_texts import data, films, tuned

N = 120


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> finetrust.Run:
    folder = tmp_path_factory.mktemp("run")
    rates = {"learning_rate": 1e-2, "backbone_learning_rate": 1e-2, "layer_decay": 1.0}
    run = tuned(folder, data=data(folder, N), strategy="full", epochs=8, **rates)
    run.evaluate(quiet=True, trial_items=8, pictures=2)
    return run


def test_what_is_planted_is_learned(run: finetrust.Run) -> None:
    assert run.profile["accuracy"].value >= 0.8
    assert run.profile.task == "text-classification"


def test_every_measure_of_classification_has_its_value(run: finetrust.Run) -> None:
    for name in ("accuracy", "macro_f1", "nll", "ece", "brier", "corruption_accuracy"):
        assert run.profile[name].value is not None, name


def test_the_plain_model_stands_beside_the_network(run: finetrust.Run) -> None:
    assert run.profile["baseline_accuracy"].n == run.profile["accuracy"].n
    gain = run.profile["gain_over_baseline"]
    expected = run.profile["accuracy"].value - run.profile["baseline_accuracy"].value
    assert gain.value == pytest.approx(expected)


def test_decisions_are_shown_as_words(run: finetrust.Run) -> None:
    shown = [picture for picture in run.profile.pictures if picture["kind"] == "random correct"]
    assert shown
    for picture in shown:
        pieces, weights = zip(*picture["tokens"], strict=True)
        assert "".join(pieces) in {text for text, _ in films(N)}
        assert max(map(abs, weights)) == 1
        assert picture.get("completeness_error", 0) < 0.05
        assert picture["method_title"]
    beside = [near for picture in shown for near in picture.get("neighbours", ())]
    assert beside
    assert {near["text"] for near in beside if "text" in near} <= {text for text, _ in films(N)}
    assert any("text" in near for near in beside)


def test_the_run_folder_is_enough_to_answer(run: finetrust.Run, tmp_path: Path) -> None:
    texts = [text for text, _ in films()][:4]
    before = finetrust.predict(run, *texts, quiet=True)
    moved = tmp_path / "moved"
    shutil.copytree(run.path, moved)
    encoder = Path(json.loads((moved / "model" / "model.json").read_text())["architecture"]["name"])
    hidden = encoder.rename(encoder.with_name("hidden"))
    try:
        after = finetrust.predict(moved, *texts, quiet=True)
    finally:
        hidden.rename(encoder)
    assert [a["class"] for a in after] == [b["class"] for b in before]
    assert after[0]["probability"] == pytest.approx(before[0]["probability"])


def test_the_network_of_a_loaded_run_yields_the_saved_logits(run: finetrust.Run) -> None:
    network = finetrust.load(run.path).model.network.eval()
    saved = finetrust.core.predictions.Predictions.load(
        run.path / "predictions" / "test" / "clean.parquet"
    )
    texts = dict(zip((f"row {i + 2}" for i in range(N)), films(N), strict=True))
    prepare = network.preprocessing.transform()
    with torch.no_grad():
        batch = network.preprocessing.collate([prepare(texts[i][0]) for i in saved.ids])
        np.testing.assert_allclose(network(batch).numpy(), saved["logits"], atol=1e-4)


@pytest.mark.parametrize("strategy", ["linear-probe", "lp-ft", "gradual-unfreeze", "full"])
def test_every_strategy_tunes_texts(strategy: str, tmp_path: Path) -> None:
    before = load_file(bert_folder(tmp_path / "encoder") / "model.safetensors")
    run = tuned(tmp_path, strategy=strategy)
    after = load_file(run.folder.model / "weights.safetensors")
    name = "encoder.layer.1.output.dense.weight"
    same = torch.equal(before[name], after[f"backbone.encoder.{name}"])
    assert same == (strategy == "linear-probe")


@pytest.mark.parametrize("pooling", ["mean", "cls", "last"])
def test_pooling_is_chosen_by_the_user_and_kept(pooling: str, tmp_path: Path) -> None:
    run = tuned(tmp_path, strategy="linear-probe", pooling=pooling)
    assert finetrust.load(run.path).model.network.backbone.pooling == pooling


def test_cached_features_are_those_of_the_network(tmp_path: Path) -> None:
    cached, passed = (
        tuned(tmp_path, name, strategy="linear-probe", cache=name == "cached", batch_size=8)
        for name in ("cached", "passed")
    )
    one, other = (load_file(r.folder.model / "weights.safetensors") for r in (cached, passed))
    assert torch.equal(
        one["backbone.encoder.embeddings.word_embeddings.weight"],
        other["backbone.encoder.embeddings.word_embeddings.weight"],
    )
    accuracy = [r.folder.record["validation"]["accuracy"] for r in (cached, passed)]
    assert accuracy[0] == pytest.approx(accuracy[1], abs=0.2)


def test_long_texts_are_read_whole(tmp_path: Path) -> None:
    run = tuned(tmp_path, strategy="linear-probe", max_length=8)
    text = "the film " * 30 + "awful"
    network = run.model.network.eval()
    prepare = network.preprocessing.transform()
    assert len(prepare(text).windows) > 10
    other = text.replace("awful", "great")
    with torch.no_grad():
        batch = network.preprocessing.collate([prepare(text), prepare(other)])
        one, another = network(batch)
    assert not torch.allclose(one, another), "the last window counts"


def test_pairs_of_texts_are_tuned_and_predicted(tmp_path: Path) -> None:
    rows = [{"text": t, "b": f"the {label} film", "label": label} for t, label in films(40)]
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    run = tuned(tmp_path, data=str(tmp_path / "pairs.jsonl"), text_pair_column="b")
    [answer] = finetrust.predict(run, "the film is\tthe good film", quiet=True)
    assert answer["class"] in ("good", "bad")


def test_a_classifier_is_judged_as_it_comes(tmp_path: Path) -> None:
    folder = bert_folder(
        tmp_path / "classifier",
        "BertForSequenceClassification",
        id2label={0: "BAD", 1: "GOOD"},
        label2id={"BAD": 0, "GOOD": 1},
    )
    profile = finetrust.evaluate(
        model=str(folder), data=data(tmp_path), out=str(tmp_path / "out"), quiet=True, pictures=1
    )
    assert profile.data["classes"] == ["BAD", "GOOD"]
    import transformers

    library = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    test = data(tmp_path).split("test")
    given = tokenizer([test.inputs[i] for i in range(len(test))], padding=True, return_tensors="pt")
    with torch.no_grad():
        right = library(**given).logits.argmax(1).numpy() == test.targets
    assert profile["accuracy"].value == pytest.approx(right.mean())


def test_a_classifier_can_be_tuned_with_a_new_head(tmp_path: Path) -> None:
    folder = bert_folder(tmp_path / "encoder", "BertForSequenceClassification", num_labels=5)
    run = tuned(tmp_path)
    assert run.model.network.head.out_features == 2
    assert folder.exists()


def test_an_encoder_without_a_classifier_cannot_be_judged(tmp_path: Path) -> None:
    folder = bert_folder(tmp_path / "encoder")
    with pytest.raises(UserError, match=r"comes without a classifier.*Tune it first"):
        finetrust.evaluate(model=str(folder), data=data(tmp_path), out=str(tmp_path / "o"))


def test_a_model_for_images_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"glyphnet is no encoder of texts"):
        finetrust.tune("glyphnet", data(tmp_path), out=str(tmp_path / "run"), quiet=True)


def test_a_module_given_in_python_needs_its_tokenizer(tmp_path: Path) -> None:
    import transformers

    from finetrust.models.text_preprocessing import TextPreprocessing

    folder = bert_folder(tmp_path / "encoder")
    module = transformers.AutoModel.from_pretrained(folder)
    out = str(tmp_path / "run")
    with pytest.raises(UserError, match=r"the tokenizer of this model is not known"):
        finetrust.tune(module, data(tmp_path), out=out, quiet=True)
    reading = TextPreprocessing.of(transformers.AutoTokenizer.from_pretrained(folder))
    run = finetrust.tune(
        module, data(tmp_path), preprocessing=reading, out=out, quiet=True, epochs=1
    )
    again = finetrust.load(run.path, module=module)
    assert again.model.network.backbone.features == 16


def test_images_are_an_error_for_texts(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"digits holds images, and text-classification takes texts"
    ):
        finetrust.tune(
            str(bert_folder(tmp_path / "encoder")),
            "digits",
            task="text-classification",
            out=str(tmp_path / "run"),
            quiet=True,
        )


def test_near_copies_between_splits_are_in_the_report(tmp_path: Path) -> None:
    table = "text,label,split\n"
    table += "".join(f"{text},{label},train\n" for text, label in films(20))
    long = "this story is a very very fine film and the acting was great and happy too"
    table += f"{long},good,train\n{long.upper()}!,good,test\nawful,bad,test\n"
    (tmp_path / "films.csv").write_text(table)
    run = tuned(tmp_path, data=open_dataset(tmp_path / "films.csv"), strategy="linear-probe")
    assert run.folder.data_report["near_duplicates"]["across_splits"] == 1
