"""Files of tagged words."""

import random
from pathlib import Path


def conll_file(folder: Path) -> Path:
    """Write two short texts whose words are tagged."""
    file = folder / "notes.conll"
    file.write_text("Ann\tB-per\nsleeps\tO\n\nin\tO\nRome\tB-loc\n", encoding="utf-8")
    return file


def review_folder(folder: Path, n: int = 40) -> Path:
    """Write train, dev and test files in which films and praise are tagged; the words are few."""
    rng = random.Random(0)
    folder.mkdir(parents=True, exist_ok=True)
    seen: set[str] = set()
    for name, count in (("train", n), ("dev", n // 2), ("test", n // 2)):
        texts: list[str] = []
        while len(texts) < count:
            text = _review(rng)
            if text not in seen:
                texts.append(text)
                seen.add(text)
        (folder / f"{name}.conll").write_text("\n".join(texts), encoding="utf-8")
    return folder


def _review(rng: random.Random) -> str:
    work = rng.choice(("film", "movie", "story", "plot"))
    praise, blame = rng.choice(("good", "great", "fine")), rng.choice(("bad", "dull", "awful"))
    words = [(rng.choice(("the", "this", "that", "a")), "O"), (work, "B-work")]
    if rng.random() < 0.5:
        words.append((rng.choice(("one", "two", "three")), "I-work"))
    words.append((rng.choice(("is", "was")), "O"))
    for word in rng.sample([(praise, "B-praise"), (blame, "O")], 2):
        words += [("not" if rng.random() < 0.3 else "very", "O"), word]
    return "".join(f"{word}\t{tag}\n" for word, tag in words)
