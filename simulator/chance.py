"""Chance: named random streams and vectorised draws from them.

Everything random in the simulator comes from here. Streams are named, so that a change in one
part of the world leaves the draws of every other part alone. Nothing here knows what is drawn.
"""

from collections.abc import Sequence
from zlib import crc32

import numpy as np
import polars as pl
import pyarrow as pa

HEX = b"0123456789abcdef"
DIGITS = b"0123456789"
ALNUM = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
UPPER = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def stream(seed: int, *names: str | int) -> np.random.Generator:
    return np.random.default_rng([seed, *(crc32(str(name).encode()) for name in names)])


def coin(rng: np.random.Generator, count: int, probability) -> np.ndarray:
    return rng.random(count) < probability


def index(rng: np.random.Generator, count: int, weights) -> np.ndarray:
    """`count` positions drawn in proportion to `weights`."""
    edges = np.cumsum(np.asarray(weights, dtype=float))
    return np.minimum(
        np.searchsorted(edges, rng.random(count) * edges[-1], side="right"), len(edges) - 1
    )


def pick(rng: np.random.Generator, count: int, values: Sequence, weights=None) -> pl.Series:
    """`count` of `values`, evenly unless `weights` are given."""
    chosen = (
        rng.integers(0, len(values), count) if weights is None else index(rng, count, weights)
    )
    return pl.Series(values).gather(chosen)


def zipf(count: int, shift: float = 4.0, exponent: float = 1.0) -> np.ndarray:
    """Falling weights: the first is the most frequent, the tail is long."""
    return 1.0 / (np.arange(count) + shift) ** exponent


def fixed_width(matrix: np.ndarray) -> pl.Series:
    """A text column from a matrix of ASCII codes, one row each."""
    rows, width = matrix.shape
    offsets = pa.py_buffer(np.arange(rows + 1, dtype=np.int64) * width)
    text = pa.py_buffer(np.ascontiguousarray(matrix, dtype=np.uint8).tobytes())
    return pl.Series(pa.LargeStringArray.from_buffers(rows, offsets, text))


def tokens(rng: np.random.Generator, count: int, width: int, alphabet: bytes) -> pl.Series:
    letters = np.frombuffer(alphabet, dtype=np.uint8)
    return fixed_width(letters[rng.integers(0, len(letters), (count, width), dtype=np.uint8)])
