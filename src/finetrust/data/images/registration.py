"""Registration: how alike two pictures are once one is shifted and scaled onto the other.

Lucas & Kanade, "An iterative image registration technique", 1981: Gauss-Newton steps on shift, scale,
contrast and brightness, on a coarse level first. Likeness is the correlation of the slopes of the
grey values where both pictures have any: contrast and brightness do not count, broad shapes do not
drown fine ones.
"""

import numpy as np

_BLUR, _COARSE_BLUR = 0.7, 1.5
_STEPS = (4, 3)
_CANNOT_BE, _SURE = 0.8, 0.97
_PAIRS_AT_ONCE = 512
_LARGEST_SCALE = 0.3
_LARGEST_SHIFT = 0.15
_LARGEST_STEP = 0.12


def likeness(ones: np.ndarray, others: np.ndarray, *, give_up: bool = True) -> np.ndarray:
    """Return the correlation (k,) of pairs of thumbnails (k, side, side) after registration.

    Parameters
    ----------
    ones, others : uint8 arrays (k, side, side), with an even side
    give_up : bool
        Whether a pair that is too unlike on the coarse level keeps what was reached there.
    """
    found = np.empty(len(ones), np.float32)
    for start in range(0, len(ones), _PAIRS_AT_ONCE):
        part = slice(start, start + _PAIRS_AT_ONCE)
        one, other = _blurred(ones[part], _BLUR), _blurred(others[part], _BLUR)
        best = _likeness(one, other, give_up)
        # A crop is laid over its original better than the other way round.
        doubtful = np.flatnonzero((best >= _CANNOT_BE) & (best < _SURE))
        again = _likeness(other[doubtful], one[doubtful], give_up)
        best[doubtful] = np.maximum(best[doubtful], again)
        found[part] = best
    return found


def likeness_unmoved(ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the correlation (k,) of pairs of thumbnails (k, side, side) as they are."""
    found = np.empty(len(ones), np.float32)
    for start in range(0, len(ones), _PAIRS_AT_ONCE):
        part = slice(start, start + _PAIRS_AT_ONCE)
        one, other = _blurred(ones[part], _BLUR), _blurred(others[part], _BLUR)
        found[part] = _register(one, other, np.zeros((len(one), 4), np.float32), 0)[0]
    return found


def _likeness(ones: np.ndarray, others: np.ndarray, give_up: bool) -> np.ndarray:
    best, moved = _register(
        _halved(ones), _halved(others), np.zeros((len(ones), 4), np.float32), _STEPS[0]
    )
    on = np.flatnonzero(best >= (_CANNOT_BE if give_up else -1))
    best[on] = _register(ones[on], others[on], moved[on], _STEPS[1])[0]
    return best


def _register(
    ones: np.ndarray, others: np.ndarray, moved: np.ndarray, steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the best correlation (k,) and what it was reached with (k, 4).

    `moved` holds scale and shift to the right, scale and shift down, in shares of the side.
    """
    n, side, _ = ones.shape
    place = ((np.arange(side) + 0.5) / side - 0.5).astype(np.float32)
    one_down, one_right = np.gradient(ones, axis=(1, 2))
    best, reached = np.full(n, -1, np.float32), moved
    for step in range(steps + 1):
        across, seen_across = _resampling(moved[:, 0], moved[:, 1], side)
        along, seen_along = _resampling(moved[:, 2], moved[:, 3], side)
        seen = seen_along[:, :, None] * seen_across[:, None, :]
        fitted = along @ others @ across.transpose(0, 2, 1)
        down, right = np.gradient(fitted, axis=(1, 2))
        down *= seen
        right *= seen
        product = np.einsum("kij,kij->k", down, one_down) + np.einsum(
            "kij,kij->k", right, one_right
        )
        own = np.einsum("kij,kij->k", down, down) + np.einsum("kij,kij->k", right, right)
        their = np.einsum("kij,kij->k", seen, one_down**2 + one_right**2)
        correlation = product / np.maximum(np.sqrt(own * their), 1e-3)
        better = correlation > best
        best = np.where(better, correlation, best)
        reached = np.where(better[:, None], moved, reached)
        if step < steps:
            changes = [right * place, right, down * place[:, None], down, fitted * seen, seen]
            moved = moved + _step(ones * seen, np.stack(changes, axis=1), side)
            limits = np.array([_LARGEST_SCALE, _LARGEST_SHIFT] * 2, np.float32)
            moved = np.clip(moved, -limits, limits)
    return best, reached


def _step(ones: np.ndarray, changes: np.ndarray, side: int) -> np.ndarray:
    """Return the Gauss-Newton step (k, 4) from the changes (k, 6, side, side) of the fitted picture."""
    n = len(ones)
    design = changes.reshape(n, 6, side * side)
    normal = design @ design.transpose(0, 2, 1)
    scale = np.sqrt(np.maximum(np.einsum("kii->ki", normal), 1e-6))
    wanted = (design @ ones.reshape(n, side * side, 1))[:, :, 0] / scale
    normal = normal / scale[:, :, None] / scale[:, None, :] + 1e-3 * np.eye(6, dtype=np.float32)
    solved = np.linalg.solve(normal, wanted[:, :, None])[:, :, 0] / scale
    contrast = np.where(np.abs(solved[:, 4:5]) > 0.1, solved[:, 4:5], 0.1)
    step = solved[:, :4] / contrast / side
    return np.asarray(np.clip(step, -_LARGEST_STEP, _LARGEST_STEP))


def _resampling(scale: np.ndarray, shift: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Return cubic resampling matrices (k, side, side) (Keys 1981) and which places are seen (k, side)."""
    places = np.arange(side, dtype=np.float32)
    middle = (side - 1) / 2
    asked = middle + (places - middle) * (1 + scale[:, None]) + shift[:, None] * side
    seen = (asked > 0.49) & (asked < side - 1.49)
    seen[:, [0, -1]] = False
    distance = np.abs(np.clip(asked, 0, side - 1)[:, :, None] - places)
    near = (1.5 * distance - 2.5) * distance**2 + 1
    far = ((-0.5 * distance + 2.5) * distance - 4) * distance + 2
    weights = np.where(distance < 1, near, np.where(distance < 2, far, 0))
    weights /= weights.sum(axis=2, keepdims=True)
    return weights.astype(np.float32), seen.astype(np.float32)


def _blurred(thumbnails: np.ndarray, width: float) -> np.ndarray:
    places = np.arange(thumbnails.shape[1])
    kernel = np.exp(-0.5 * ((places[:, None] - places) / width) ** 2)
    kernel = (kernel / kernel.sum(axis=1, keepdims=True)).astype(np.float32)
    return np.asarray(kernel @ thumbnails.astype(np.float32) @ kernel.T)


def _halved(pictures: np.ndarray) -> np.ndarray:
    n, side, _ = pictures.shape
    blurred = _blurred(pictures, _COARSE_BLUR)
    return np.asarray(blurred.reshape(n, side // 2, 2, side // 2, 2).mean(axis=(2, 4)))
