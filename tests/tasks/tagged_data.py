"""Small data sets of tagged words."""

from collections.abc import Sequence

import numpy as np

from finetrust.data.dataset import Dataset
from finetrust.data.texts.tagged_words import tagged
from finetrust.data.texts.text_kind import TEXTS
from finetrust.data.texts.word_inputs import WordInputs


def dataset_of(texts: Sequence[Sequence[tuple[str, str]]], split: str = "") -> Dataset:
    """Return texts of (word, tag) as a data set."""
    targets, classes = tagged([[tag for _, tag in text] for text in texts])
    return Dataset(
        name="notes",
        ids=tuple(f"notes.conll:{i}" for i in range(len(texts))),
        inputs=WordInputs([word for word, _ in text] for text in texts),
        targets=targets,
        classes=classes,
        splits=np.full(len(texts), split),
        task="token-classification",
        kind=TEXTS,
    )


def tags_in(dataset: Dataset) -> list[list[str]]:
    """Return the tags of each text by their names."""
    return [[dataset.classes[tag] for tag in tags] for tags in dataset.targets]


def with_tags(*texts: str) -> Dataset:
    """Return a data set of made-up words with these tags, a str for each text."""
    return dataset_of([[(f"w{i}", tag) for i, tag in enumerate(t.split())] for t in texts])


def places(n: int, seed: int, split: str = "") -> Dataset:
    """Return texts in which words that end in -burg are places, and the word after Mr a person."""
    rng = np.random.default_rng(seed)
    texts = []
    for _ in range(n):
        stem = "".join(rng.choice(list("abcdefghiklmnoprstu"), 4))
        text = [("we", "O"), ("saw", "O"), ("Mr", "O"), (stem.title(), "B-per")]
        if rng.random() < 0.5:
            text += [("in", "O"), ("New", "B-loc"), (f"{stem.title()}burg", "I-loc")]
        texts.append([*text, (".", "O")])
    return dataset_of(texts, split)
