"""Clerks: what a system knows of a person once people and clerks have typed it.

Which of their names, addresses, e-mails and numbers somebody gave; nicknames, former names, typing
errors, swapped fields, dropped accents, many spellings of a number, junk in obligatory fields.
Who somebody really is stands in `people`; the columns of each system are in its own module.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from simulator.chance import coin, index, pick
from simulator.names import per_value, without_accents

_NEIGHBOURS = {
    "a": "sqz", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj",
    "i": "uo", "j": "hk", "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "q": "w",
    "r": "et", "s": "ad", "t": "ry", "u": "yi", "v": "cb", "w": "qe", "x": "zc", "y": "tu",
    "z": "x", **{digit: str((int(digit) + 1) % 10) for digit in "0123456789"},
}
_JUNK_EMAILS = ("test@test.com", "none@none.com", "noemail@noemail.com", "a@a.com", "na@na.com")
_JUNK_PHONES = ("0000000000", "1111111111", "999-999-9999", "1234567890", "n/a", "0")
_JUNK_NAMES = ("n/a", "Test", "Unknown", "Customer", "x", "-", "None")
_SHORT = (
    ("Street", "St"), ("Avenue", "Ave"), ("Road", "Rd"), ("Drive", "Dr"), ("Boulevard", "Blvd"),
    ("Lane", "Ln"), ("Court", "Ct"), ("Place", "Pl"), ("straße", "str."), ("avenue", "av."),
    ("boulevard", "bd"), ("Gardens", "Gdns"), ("Terrace", "Terr"),
)
_ORDINALS = {"First": "1st", "Second": "2nd", "Third": "3rd", "Fourth": "4th", "Fifth": "5th"}


@dataclass(frozen=True)
class Habits:
    """How the records of one system come about: shares of rows, or weights of a choice.

    email: primary, second, work, family, none. phone: mobile, landline, old, none.
    address: current, former, none.
    """

    email: tuple[float, ...] = (78, 8, 0, 5, 9)
    phone: tuple[float, ...] = (60, 10, 4, 26)
    address: tuple[float, ...] = (75, 9, 16)
    nickname: float = 0.35
    former_name: float = 0.3
    initial: float = 0.02
    no_first: float = 0.01
    swapped: float = 0.008
    middle: float = 0.15
    suffix: float = 0.6
    birth: float = 0.0
    typo: float = 0.035
    no_accents: float = 0.35
    casing: tuple[float, ...] = field(default=(92, 4, 4))
    junk: float = 0.006
    international_phone: float = 0.1

    def corrected(self) -> "Habits":
        """The same clerk told of a move or a marriage: new address, new name, no junk."""
        return replace(self, address=(1, 0, 0), former_name=0.0, no_first=0.0, junk=0.0)


def record_of(
    rng: np.random.Generator, people: pl.DataFrame, rows: np.ndarray, habits: Habits
) -> pl.DataFrame:
    """One record for each of `rows` (positions in `people`): columns first … birth_on, text.

    Nulls are what nobody gave. `person` is kept for the truth.
    """
    who = people.gather(rows)
    count = len(rows)

    def chance(probability) -> pl.Series:
        return pl.Series(coin(rng, count, probability))

    is_in = {
        name: pl.Series(name, index(rng, count, weights))
        for name, weights in (
            ("email", habits.email), ("phone", habits.phone), ("address", habits.address),
        )
    }
    is_former = is_in["address"] == 1
    where = {
        name: pl.when(is_former & pl.col("old_street").is_not_null()).then(pl.col(f"old_{name}"))
        .when(is_in["address"] < 2).then(pl.col(name)).alias(name)
        for name in ("street", "unit", "city", "region", "region_name", "postal_code")
    }
    record = who.select(
        "person",
        pl.when(chance(habits.nickname)).then(pl.col("nickname").fill_null(pl.col("first_name")))
        .otherwise("first_name").alias("first"),
        pl.when(chance(habits.middle)).then("middle_name").alias("middle"),
        pl.when(chance(habits.former_name) & pl.col("former_last_name").is_not_null())
        .then("former_last_name").otherwise("last_name").alias("last"),
        pl.when(chance(habits.suffix)).then("name_suffix").alias("suffix"),
        pl.when(is_in["email"] == 0).then("email")
        .when(is_in["email"] == 1).then(pl.coalesce("second_email", "email"))
        .when(is_in["email"] == 2).then(pl.coalesce("work_email", "email"))
        .when(is_in["email"] == 3).then(pl.coalesce("family_email", "email")).alias("email"),
        pl.when(is_in["phone"] == 0).then(pl.coalesce("mobile", "landline"))
        .when(is_in["phone"] == 1).then(pl.coalesce("landline", "mobile"))
        .when(is_in["phone"] == 2).then(pl.coalesce("old_mobile", "mobile")).alias("phone"),
        *where.values(),
        "country",
        pl.when(chance(habits.birth)).then("birth_on").alias("birth_on"),
        "female", "account", "country_index", "taste",
    )
    first, last = record["first"], record["last"]
    swapped = chance(habits.swapped)
    record = record.with_columns(
        pl.when(swapped).then(last).otherwise(first).alias("first"),
        pl.when(swapped).then(first).otherwise(last).alias("last"),
    ).with_columns(
        pl.when(chance(habits.initial)).then(pl.col("first").str.slice(0, 1) + ".")
        .when(~chance(habits.no_first)).then("first").alias("first"),
    )
    plain = chance(habits.no_accents)
    record = record.with_columns(
        _where(plain, per_value(record[name], without_accents), record[name]).alias(name)
        for name in ("first", "last", "street", "city", "middle")
    )
    record = record.with_columns(
        typos(rng, record[name], share).alias(name)
        for name, share in (
            ("first", habits.typo), ("last", habits.typo), ("street", habits.typo),
            ("city", habits.typo / 3), ("email", habits.typo / 6),
        )
    )
    record = record.with_columns(
        _postcode_slips(rng, record, habits.typo / 3),
        _birth_slips(rng, record["birth_on"], 0.03),
        street(rng, record["street"]).alias("street"),
        spell_phone(rng, record["phone"], record["country"], habits.international_phone)
        .alias("phone"),
        _gmail_habits(rng, record["email"]),
    )
    style = pl.Series(index(rng, count, habits.casing))
    record = record.with_columns(
        pl.when(style == 1).then(pl.col(name).str.to_uppercase())
        .when(style == 2).then(pl.col(name).str.to_lowercase()).otherwise(name).alias(name)
        for name in ("first", "last")
    ).with_columns(
        pl.when(chance(0.04)).then(
            pl.col("email").str.slice(0, 1).str.to_uppercase() + pl.col("email").str.slice(1)
        ).otherwise("email").alias("email"),
        pl.when(chance(0.006)).then(pl.col("last") + " ").otherwise("last").alias("last"),
    )
    return _junk(rng, record, habits.junk)


def _where(condition: pl.Series, then: pl.Series, otherwise: pl.Series) -> pl.Series:
    return pl.select(pl.when(condition).then(then).otherwise(otherwise)).to_series()


def _junk(rng, record: pl.DataFrame, share: float) -> pl.DataFrame:
    """What clerks type into a field that must not stay empty."""
    count = len(record)
    for name, junk, times in (
        ("email", _JUNK_EMAILS, 1.0), ("phone", _JUNK_PHONES, 1.0), ("first", _JUNK_NAMES, 0.3),
    ):
        hit = pl.Series(coin(rng, count, share * times))
        record = record.with_columns(
            _where(hit, pick(rng, count, junk), record[name]).alias(name)
        )
    return record


def typos(rng: np.random.Generator, column: pl.Series, share: float) -> pl.Series:
    """Slips of the hand in a share of the texts: neighbour key, transposition, lost or doubled."""
    present = column.is_not_null().to_numpy()
    rows = np.flatnonzero(coin(rng, len(column), share) & present)
    kinds = index(rng, len(rows), (30, 25, 25, 20))
    places, others = rng.random(len(rows)), rng.random(len(rows))
    slipped = [
        _slip(text, kind, place, other)
        for text, kind, place, other in zip(
            column.gather(rows).to_list(), kinds, places, others, strict=True
        )
    ]
    # scatter writes into the series it is called on
    return column.clone().scatter(rows, pl.Series(slipped, dtype=pl.String))


def _slip(text: str, kind: int, place: float, other: float) -> str:
    # Neither the first letter nor the mailbox's domain: those are noticed and corrected.
    end = text.find("@") if "@" in text else len(text)
    if end < 3:
        return text
    at = 1 + int(place * (end - 1))
    letter = text[at]
    if kind == 0:
        near = _NEIGHBOURS.get(letter.lower())
        return text[:at] + near[int(other * len(near))] + text[at + 1:] if near else text
    if kind == 1 and at + 1 < end:
        return text[:at] + text[at + 1] + letter + text[at + 2:]
    if kind == 2 and letter != " ":
        return text[:at] + text[at + 1:]
    return text[:at] + letter + text[at:]


def _postcode_slips(rng, record: pl.DataFrame, share: float) -> pl.Series:
    """The last two signs change places; some Americans know their ZIP+4."""
    count = len(record)
    slips = pl.Series(coin(rng, count, share))
    longer = pl.Series(coin(rng, count, 0.05)) & (record["country"] == "US")
    plus_four = pl.Series(rng.integers(1000, 9999, count)).cast(pl.String)
    code = pl.col("postal_code")
    return record.select(
        pl.when(slips).then(code.str.slice(0, 3) + code.str.slice(3).str.reverse())
        .when(longer).then(code + "-" + plus_four).otherwise(code).alias("postal_code")
    ).to_series()


def _birth_slips(rng, column: pl.Series, share: float) -> pl.Series:
    """Day and month swapped, a year too many or too few, or the year of typing the form."""
    count = len(column)
    kind = pl.Series(index(rng, count, (1 - share, share * 0.4, share * 0.4, share * 0.2)))
    born = pl.DataFrame({"b": column, "kind": kind})
    day, month, year = (
        getattr(pl.col("b").dt, part)().cast(pl.Int32) for part in ("day", "month", "year")
    )
    return born.select(
        pl.when((pl.col("kind") == 1) & (day <= 12)).then(pl.date(year, day, month))
        .when((pl.col("kind") == 2) & (day <= 28)).then(pl.date(year + 1, month, day))
        .when((pl.col("kind") == 3) & (day <= 28)).then(pl.date(year - 10, month, day))
        .otherwise("b").alias("birth_on")
    ).to_series()


def _gmail_habits(rng, column: pl.Series) -> pl.Series:
    """One Gmail user in fifty writes dots or a +tag that the mailbox does not care about."""
    hit = pl.Series(coin(rng, len(column), 0.02)) & column.str.ends_with("@gmail.com")
    dotted = pl.Series(coin(rng, len(column), 0.5))
    return pl.DataFrame({"e": column, "hit": hit, "dotted": dotted}).select(
        pl.when(pl.col("hit") & pl.col("dotted")).then(
            pl.col("e").str.split("@").list.first().str.replace_all(".", "", literal=True)
            + "@gmail.com"
        )
        .when("hit").then(pl.col("e").str.replace("@", "+shop@", literal=True))
        .otherwise("e").alias("email")
    ).to_series()


def street(rng: np.random.Generator, column: pl.Series) -> pl.Series:
    """Streets as people write them: in full or short, with or without a full stop."""
    style = pl.Series(index(rng, len(column), (58, 24, 14, 4)))
    long, short = [a for a, _ in _SHORT], [b for _, b in _SHORT]
    frame = pl.DataFrame({"s": column, "style": style})
    shortened = pl.col("s").str.replace_many(long, short)
    return frame.select(
        pl.when(pl.col("style") == 1).then(shortened)
        .when(pl.col("style") == 2).then(
            shortened.str.replace(r" (St|Ave|Rd|Dr|Blvd|Ln|Ct|Pl)$", " ${1}.")
            .str.replace_many(list(_ORDINALS), list(_ORDINALS.values()))
        )
        .when(pl.col("style") == 3).then(pl.col("s").str.to_uppercase())
        .otherwise("s")
    ).to_series()


def spell_phone(rng, phone: pl.Series, country: pl.Series, international: float) -> pl.Series:
    """An E.164 number as somebody of that country writes it."""
    count = len(phone)
    frame = pl.DataFrame({
        "p": phone, "c": country, "style": pl.Series(rng.integers(0, 6, count)),
        "world": pl.Series(coin(rng, count, international)),
    })
    p, style = pl.col("p"), pl.col("style")
    north = (p.str.slice(2, 3), p.str.slice(5, 3), p.str.slice(8))
    north_american = (
        pl.when(style == 0).then(pl.format("({}) {}-{}", *north))
        .when(style == 1).then(pl.format("{}-{}-{}", *north))
        .when(style == 2).then(pl.format("{}.{}.{}", *north))
        .when(style == 3).then(pl.format("{}{}{}", *north))
        .when(style == 4).then(pl.format("1-{}-{}-{}", *north))
        .otherwise(pl.format("({}){}-{}", *north))
    )
    local = pl.lit("0") + p.str.slice(3)
    british = (
        pl.when(style < 3).then(pl.format("{} {}", local.str.slice(0, 5), local.str.slice(5)))
        .when(style < 5).then(local)
        .otherwise(pl.format("{} {} {}", local.str.slice(0, 5), local.str.slice(5, 3),
                             local.str.slice(8)))
    )
    german = (
        pl.when(style < 2).then(pl.format("{}/{}", local.str.slice(0, 4), local.str.slice(4)))
        .when(style < 4).then(pl.format("{} {}", local.str.slice(0, 4), local.str.slice(4)))
        .otherwise(local)
    )
    pairs = [local.str.slice(start, 2) for start in range(0, 10, 2)]
    french = (
        pl.when(style < 3).then(pl.concat_str(pairs, separator=" "))
        .when(style < 4).then(pl.concat_str(pairs, separator=".")).otherwise(local)
    )
    code = pl.when(pl.col("c").is_in(["US", "CA"])).then(1).otherwise(2)
    spaced = pl.concat_str(p.str.slice(0, 1 + code), pl.lit(" "), p.str.slice(1 + code))
    return frame.select(
        pl.when(pl.col("world") & (style < 3)).then(p)
        .when(pl.col("world") & (style < 5)).then(spaced)
        .when(pl.col("world")).then(pl.lit("00") + p.str.slice(1))
        .when(pl.col("c").is_in(["US", "CA"])).then(north_american)
        .when(pl.col("c") == "GB").then(british)
        .when(pl.col("c") == "DE").then(german)
        .otherwise(french)
    ).to_series()
