"""Fog (Hendrycks & Dietterich 2019, section 3)."""

from torch import Tensor

from finetrust.trust.stability.corruptions.catalogue import corruption
from finetrust.trust.stability.corruptions.parts import in_parts
from finetrust.trust.trials.draws import uniform


@corruption(
    "fog",
    family="weather",
    small=((0.2, 3.0), (0.5, 3.0), (0.75, 2.5), (1.0, 2.0), (1.5, 1.75)),
    large=((1.5, 2.0), (2.0, 2.0), (2.5, 1.7), (2.5, 1.5), (3.0, 1.4)),
)
@in_parts
def fog(images: Tensor, parameter: tuple[float, float], seeds: Tensor) -> Tensor:
    """Add a plasma fractal and shrink the sum so that its range stays that of the image."""
    strength, decay = parameter
    height, width = images.shape[-2:]
    size = 1 << (max(height, width) - 1).bit_length()
    draws = uniform(images.new_empty(len(images), size**2 - 1), seeds)
    mist = plasma(draws, size, decay)[:, None, :height, :width]
    brightest = images.amax(dim=(1, 2, 3), keepdim=True)
    kept = brightest / (brightest + strength)
    return images.mul(kept).add_(mist * (strength * kept))


def plasma(draws: Tensor, size: int, decay: float) -> Tensor:
    """Return plasma fractals by the diamond-square algorithm on a torus.

    Level by level the grid becomes twice as fine: the centre of each square is the mean of its
    four corners, the middle of each edge that of the four points around it, plus a uniform random
    shift, whose range shrinks by ``decay ** 2`` from level to level (Fournier, Fussell &
    Carpenter, "Computer rendering of stochastic models", CACM 1982, as published).

    Parameters
    ----------
    draws : float tensor (n, size ** 2 - 1)
        Uniform on [0, 1).
    size : int
        A power of two, at least 2.
    decay : float

    Returns
    -------
    float tensor (n, size, size)
        Each scaled to [0, 1].
    """
    n = len(draws)
    grid = draws.new_zeros(n, 1, 1)
    shifts = draws * 2 - 1
    first, reach = 0, 1.0
    while (points := grid.shape[1]) < size:
        last = first + 3 * points**2
        shift = shifts[:, first:last].view(n, 3, points, points) * reach
        right, below = grid.roll(-1, dims=2), grid.roll(-1, dims=1)
        centre = (grid + right + below + right.roll(-1, dims=1)) * 0.25 + shift[:, 0]
        top = (grid + right + centre + centre.roll(1, dims=1)) * 0.25 + shift[:, 1]
        side = (grid + below + centre + centre.roll(1, dims=2)) * 0.25 + shift[:, 2]
        finer = grid.new_empty(n, 2 * points, 2 * points)
        finer[:, ::2, ::2], finer[:, ::2, 1::2] = grid, top
        finer[:, 1::2, ::2], finer[:, 1::2, 1::2] = side, centre
        grid, first, reach = finer, last, reach / decay**2
    lowest, highest = grid.amin((1, 2), keepdim=True), grid.amax((1, 2), keepdim=True)
    return (grid - lowest).div_(highest - lowest)
