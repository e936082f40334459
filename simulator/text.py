"""Text: numbers, moments and ids as the vendors' files spell them, as polars expressions.

Spelling only; no column of a particular file and nothing random.
"""

import numpy as np
import polars as pl

from simulator.chance import ALNUM, HEX, fixed_width

_CHECKSUM = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345", dtype=np.uint8)


def money(cents: pl.Expr) -> pl.Expr:
    """1234 -> '12.34', -5 -> '-0.05'."""
    size = cents.abs()
    return (
        pl.when(cents < 0).then(pl.lit("-")).otherwise(pl.lit(""))
        + (size // 100).cast(pl.String) + "." + (size % 100).cast(pl.String).str.zfill(2)
    )


def dollars(cents: pl.Expr) -> pl.Expr:
    """123456 -> '$1,234.56', -5 -> '-$0.05'."""
    size = cents.abs()
    thousands, units = size // 100_000, size // 100 % 1000
    whole = (
        pl.when(thousands > 0)
        .then(thousands.cast(pl.String) + "," + units.cast(pl.String).str.zfill(3))
        .otherwise(units.cast(pl.String))
    )
    return (
        pl.when(cents < 0).then(pl.lit("-$")).otherwise(pl.lit("$"))
        + whole + "." + (size % 100).cast(pl.String).str.zfill(2)
    )


def moment(seconds: pl.Expr, spelling: str = "%Y-%m-%d %H:%M:%S", zone: str = "UTC") -> pl.Expr:
    at = pl.from_epoch(seconds, time_unit="s").dt.replace_time_zone("UTC")
    if zone != "UTC":
        at = at.dt.convert_time_zone(zone)
    return at.dt.strftime(spelling)


def yes_no(flag: pl.Expr) -> pl.Expr:
    return pl.when(flag).then(pl.lit("yes")).otherwise(pl.lit("no"))


def hexadecimal(numbers: np.ndarray, width: int) -> pl.Series:
    """The last `width` hexadecimal digits of each number."""
    shifts = np.arange(4 * (width - 1), -1, -4, dtype=np.uint64)
    digits = (numbers.astype(np.uint64)[:, None] >> shifts) & np.uint64(15)
    return fixed_width(np.frombuffer(HEX, dtype=np.uint8)[digits])


def salesforce_ids(prefix: str, numbers: np.ndarray) -> pl.Series:
    """18-character ids: the object's prefix, the org, a number in base 62 and the checksum."""
    letters = np.frombuffer(ALNUM, dtype=np.uint8)
    matrix = np.empty((len(numbers), 18), dtype=np.uint8)
    matrix[:, :9] = np.frombuffer(f"{prefix}Hs0000".encode(), dtype=np.uint8)
    # A step that is no power of 62 lets every digit, and so the case of the letters, vary.
    rest = np.asarray(numbers, dtype=np.int64) * 7 + 2_000_000_000
    for place in range(14, 8, -1):
        matrix[:, place] = letters[rest % 62]
        rest = rest // 62
    is_upper = (matrix[:, :15] >= ord("A")) & (matrix[:, :15] <= ord("Z"))
    for chunk in range(3):
        bits = is_upper[:, chunk * 5:chunk * 5 + 5] @ np.array([1, 2, 4, 8, 16])
        matrix[:, 15 + chunk] = _CHECKSUM[bits]
    return fixed_width(matrix)
