"""Near duplicates among texts: MinHash over character shingles, and locality-sensitive hashing.

Broder, "On the resemblance and containment of documents", 1997; Li & König, "b-Bit Minwise Hashing",
2010; Leskovec, Rajaraman & Ullman, "Mining of Massive Datasets", section 3.4 (banding).

Two texts are near duplicates if their sets of shingles (5 characters each, of letters and digits in
lower case with one space between words) have an estimated resemblance, the share of the shingles of
either that both have, of 0.8 and more. Case, punctuation and white space do not count at all.

A typo changes up to ten shingles: much in a short text. Of questions with 7 words at the median one with a
typo is found in 4 of 10 cases; to ask for less would make copies of questions that differ in a word.

Measured (tests/data/texts/test_text_near_duplicates.py keeps watch): of 1,500 film reviews of 12 words and
more, each with a letter changed, 97 % and more are found, with a word left out 90 % and more, with other
case and marks all. Of the pairs that are reported among 6,000 real questions, more than 90 % truly
resemble each other by 0.7 and more. Time on one core: 0.05 ms a sentence, 0.1 s for 24,000.
"""

import numpy as np

SHINGLE = 5
VALUES = 128
SIGNATURE_BYTES = VALUES
LEAST_RESEMBLANCE = 0.8

_ROWS = 4
_WINDOW = 64
_SHINGLES_AT_ONCE = 1 << 14
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


def signature(text: str) -> np.ndarray:
    """Return the lowest byte of the minimum of 128 hash functions over the shingles of `text`.

    Returns
    -------
    uint8 array (128,)
        Two of them agree in a share J + (1 - J) / 256 of the places, with J the resemblance.
    """
    shingles = _shingles(text)
    lowest = np.full(VALUES, np.iinfo(np.uint64).max, np.uint64)
    for start in range(0, len(shingles), _SHINGLES_AT_ONCE):
        part = shingles[start : start + _SHINGLES_AT_ONCE]
        hashed = part[None] * _FACTORS[:, None]
        hashed ^= hashed >> np.uint64(29)
        hashed *= _MULTIPLIER
        lowest = np.minimum(lowest, hashed.min(axis=1))
    return (lowest >> np.uint64(24)).astype(np.uint8)


def near_pairs(signatures: np.ndarray, others: np.ndarray | None = None) -> np.ndarray:
    """Return index pairs (k, 2) of near duplicates, within one set or between two.

    Parameters
    ----------
    signatures : uint8 array (n, 128)
    others : uint8 array (m, 128), optional
        With it, a pair is an index into `signatures` and one into `others`; without, i < j.
    """
    n = len(signatures)
    pairs = _pairs_within(signatures if others is None else np.concatenate([signatures, others]))
    if others is None:
        return pairs
    return pairs[(pairs[:, 0] < n) & (pairs[:, 1] >= n)] - np.array([0, n])


def resemblance(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the estimated resemblance (...) of signatures (..., 128), unbiased (Li & König, eq. 9)."""
    agree = (one == other).mean(axis=-1)
    return (agree - 1 / 256) / (1 - 1 / 256)


def _shingles(text: str) -> np.ndarray:
    """Return the hashes of the shingles of a text: uint64 array (k,), k >= 1, with repetitions."""
    plain = "".join(c if c.isalnum() else " " for c in text.lower())
    plain = " ".join(plain.split()) or text.strip()
    padded = f" {plain} ".ljust(SHINGLE)
    codes = np.frombuffer(padded.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    n = len(codes) - SHINGLE + 1
    hashed = np.zeros(n, np.uint64)
    for i in range(SHINGLE):
        hashed = (hashed ^ codes[i : i + n]) * _MULTIPLIER
        hashed ^= hashed >> np.uint64(32)
    return hashed


def _pairs_within(signatures: np.ndarray) -> np.ndarray:
    """Return the pairs i < j that agree in one band of 4 values and resemble each other enough."""
    n = len(signatures)
    bands = np.ascontiguousarray(signatures).view(np.uint32) if n else np.empty((0, 0), np.uint32)
    found = [np.empty(0, np.int64)]
    for hashes in bands.T:
        order = np.argsort(hashes, kind="stable")
        hashes = hashes[order]
        for step in range(1, min(_WINDOW, n - 1) + 1):
            same = np.flatnonzero(hashes[step:] == hashes[:-step])
            if not len(same):
                break
            a, b = order[same], order[same + step]
            near = resemblance(signatures[a], signatures[b]) >= LEAST_RESEMBLANCE
            found.append(np.minimum(a, b)[near] * n + np.maximum(a, b)[near])
    codes = np.unique(np.concatenate(found))
    return np.stack(np.divmod(codes, max(n, 1)), axis=1)


_FACTORS = np.random.default_rng(0).integers(
    1 << 62, np.iinfo(np.uint64).max, VALUES, dtype=np.uint64
) | np.uint64(1)
