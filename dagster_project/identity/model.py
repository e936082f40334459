"""The linkage model: what is compared, at which levels, and which pairs are looked at at all.

Here belong the comparisons and the blocking rules, each with its reason, and their translation into
Splink's settings. Not here: how the parameters are estimated (train.py), how pairs are scored and
decided (linking.py, constraints.py).
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from dagster_project.lake import LakeError

# The columns of identity.comparison_records that make two records the same to linkage.
COLUMNS = (
    "first_name",
    "second_name",
    "first_forms",
    "first_root",
    "last_name",
    "name_suffix",
    "birth_on",
    "email",
    "email_local",
    "phone",
    "house_number",
    "street_name",
    "postal_code",
    "city",
    "region",
)


@dataclass(frozen=True)
class Level:
    """One degree of agreement; levels are tried in order, so the cheap ones come first."""

    name: str
    condition: str
    term_frequency_column: str | None = None


@dataclass(frozen=True)
class Comparison:
    """One independent piece of evidence about a pair."""

    name: str
    reason: str
    missing: str
    levels: tuple[Level, ...]

    def to_splink(self, trained: list[dict] | None) -> dict:
        levels = [
            {
                "sql_condition": self.missing,
                "label_for_charts": "missing",
                "is_null_level": True,
            }
        ]
        every_level = (*self.levels, Level("all other", "ELSE"))
        for position, level in enumerate(every_level):
            splink_level: dict = {"sql_condition": level.condition, "label_for_charts": level.name}
            if level.term_frequency_column:
                splink_level |= {
                    "tf_adjustment_column": level.term_frequency_column,
                    "tf_adjustment_weight": 1.0,
                    "disable_tf_exact_match_detection": True,
                }
            if trained:
                splink_level |= {
                    "m_probability": trained[position]["m"],
                    "u_probability": trained[position]["u"],
                }
            levels.append(splink_level)
        return {
            "output_column_name": self.name,
            "comparison_description": self.reason,
            "comparison_levels": levels,
        }


@dataclass(frozen=True)
class BlockingRule:
    """Records are compared only if every key of at least one rule is equal and not null."""

    name: str
    keys: tuple[str, ...]
    reason: str

    @property
    def splink_sql(self) -> str:
        """The rule as a join condition between `l` and `r`."""
        return " and ".join(f"{_on_side(key, 'l')} = {_on_side(key, 'r')}" for key in self.keys)


def _on_side(key: str, side: str) -> str:
    for column in sorted(COLUMNS, key=len, reverse=True):
        key = key.replace(f"{{{column}}}", f"{side}.{column}")
    return key


def key_sql(key: str, alias: str) -> str:
    """A blocking key as an expression over the table `alias`."""
    return _on_side(key, alias)


_SWAPPED = """
    (first_name_l = last_name_r and jaro_winkler_similarity(last_name_l, first_name_r) >= 0.8)
    or (last_name_l = first_name_r and jaro_winkler_similarity(first_name_l, last_name_r) >= 0.8)
"""

# A single name may stand in either field.
_SINGLE_NAME_IS_SURNAME = """
    (last_name_l is null and jaro_winkler_similarity(first_name_l, last_name_r) >= 0.9)
    or (last_name_r is null and jaro_winkler_similarity(first_name_r, last_name_l) >= 0.9)
"""
_SINGLE_NAME_IS_FIRST = """
    (first_name_l is null and jaro_winkler_similarity(last_name_l, first_name_r) >= 0.9)
    or (first_name_r is null and jaro_winkler_similarity(last_name_r, first_name_l) >= 0.9)
"""

_BIRTH_PARTS_AGREE = """
    (substr(birth_on_l, 1, 4) = substr(birth_on_r, 1, 4))::int
    + (substr(birth_on_l, 5, 2) = substr(birth_on_r, 5, 2))::int
    + (substr(birth_on_l, 7, 2) = substr(birth_on_r, 7, 2))::int
"""

# A finer address says more than its region, and says it in its own comparison.
_FINER_PLACE_KNOWN = """
    (coalesce(street_name_l, postal_code_l, city_l) is not null
    and coalesce(street_name_r, postal_code_r, city_r) is not null)
"""

COMPARISONS = (
    Comparison(
        "first_name",
        "What tells the members of a household apart; nicknames and initials are the same name.",
        f"first_name_l is null or first_name_r is null or {_SINGLE_NAME_IS_SURNAME}",
        (
            Level("equal", "first_name_l = first_name_r", "first_name"),
            Level("nickname", "list_has_any(first_forms_l, first_forms_r)"),
            Level("the wrong way round", _SWAPPED),
            Level(
                "one begins the other",
                "starts_with(first_name_l, first_name_r)"
                " or starts_with(first_name_r, first_name_l)",
            ),
            Level("close", "jaro_winkler_similarity(first_name_l, first_name_r) >= 0.9"),
            Level("similar", "jaro_winkler_similarity(first_name_l, first_name_r) >= 0.8"),
        ),
    ),
    Comparison(
        "last_name",
        "Shared by a household and changed by marriage: strong for rare names only.",
        f"last_name_l is null or last_name_r is null or {_SINGLE_NAME_IS_FIRST}",
        (
            Level("equal", "last_name_l = last_name_r", "last_name"),
            Level("the wrong way round", _SWAPPED),
            Level(
                "one begins or ends the other",
                "starts_with(last_name_l, last_name_r) or starts_with(last_name_r, last_name_l)"
                " or ends_with(last_name_l, last_name_r) or ends_with(last_name_r, last_name_l)",
            ),
            Level("close", "jaro_winkler_similarity(last_name_l, last_name_r) >= 0.9"),
            Level("similar", "jaro_winkler_similarity(last_name_l, last_name_r) >= 0.8"),
        ),
    ),
    Comparison(
        "birth_on",
        "Never changes; what differs is a typing error or another person.",
        "birth_on_l is null or birth_on_r is null",
        (
            Level("equal", "birth_on_l = birth_on_r"),
            Level("two of year, month, day equal", f"{_BIRTH_PARTS_AGREE} = 2"),
            Level(
                "day and month swapped or one keystroke",
                "(substr(birth_on_l, 1, 4) = substr(birth_on_r, 1, 4)"
                " and substr(birth_on_l, 5, 2) = substr(birth_on_r, 7, 2)"
                " and substr(birth_on_l, 7, 2) = substr(birth_on_r, 5, 2))"
                " or damerau_levenshtein(birth_on_l, birth_on_r) <= 2",
            ),
        ),
    ),
    Comparison(
        "email",
        "Nearly unique, but people have several and households share one. The same mailbox name at"
        " two providers counts only with a number in it: else it says what the names say already. Two"
        " digits are a year, which namesakes share too: they count neither for nor against.",
        "email_l is null or email_r is null or (email_l <> email_r and email_local_l = email_local_r"
        " and length(regexp_replace(email_local_l, '[^0-9]', '', 'g')) between 1 and 2)",
        (
            Level("equal", "email_l = email_r"),
            Level(
                "same numbered mailbox name elsewhere",
                "email_local_l = email_local_r and regexp_matches(email_local_l, '[0-9]')",
            ),
            Level(
                # another initial is a relative's address, another number a namesake's; and two
                # keystrokes are another short form of the name (wei.chen, w.chen)
                "one keystroke, initial and numbers equal",
                "left(email_l, 1) = left(email_r, 1) and email_local_l <> email_local_r"
                " and damerau_levenshtein(email_l, email_r) <= 1"
                " and regexp_replace(email_l, '[^0-9]', '', 'g')"
                " = regexp_replace(email_r, '[^0-9]', '', 'g')",
            ),
        ),
    ),
    Comparison(
        "phone",
        "Nearly unique, but people have several, households share one and numbers are recycled.",
        "phone_l is null or phone_r is null",
        (
            Level("equal", "phone_l = phone_r"),
            Level(
                "one keystroke",
                "left(phone_l, 4) = left(phone_r, 4)"
                " and damerau_levenshtein(phone_l, phone_r) <= 1",
            ),
        ),
    ),
    Comparison(
        "address",
        "One comparison for street, number, postcode and city: to a household they are one fact.",
        f"not {_FINER_PLACE_KNOWN}",
        (
            Level(
                "same house",
                "house_number_l = house_number_r and street_name_l = street_name_r"
                " and (postal_code_l = postal_code_r or city_l = city_r)",
            ),
            Level(
                "same house, street spelt otherwise",
                "house_number_l = house_number_r"
                " and (postal_code_l = postal_code_r or city_l = city_r)"
                " and jaro_winkler_similarity(street_name_l, street_name_r) >= 0.8",
            ),
            Level(
                "same number and street, place unlike",
                "house_number_l = house_number_r and street_name_l = street_name_r",
            ),
            Level(
                "same street, number unlike",
                "(postal_code_l = postal_code_r or city_l = city_r)"
                " and jaro_winkler_similarity(street_name_l, street_name_r) >= 0.9",
            ),
            Level(
                "same number and postcode",
                "house_number_l = house_number_r and postal_code_l = postal_code_r",
            ),
            Level("same postcode", "postal_code_l = postal_code_r", "postal_code"),
            Level("same city", "city_l = city_r", "city"),
            Level("same street name", "street_name_l = street_name_r"),
        ),
    ),
    Comparison(
        "region",
        "What there is where somebody gave no address: the region of the network or of the telephone.",
        f"region_l is null or region_r is null or {_FINER_PLACE_KNOWN}",
        (Level("equal", "region_l = region_r", "region"),),
    ),
)

BLOCKING_RULES = (
    BlockingRule("email", ("{email}",), "people keep an address across systems"),
    BlockingRule("phone", ("{phone}",), "people keep a number across systems"),
    BlockingRule(
        "mailbox_and_name",
        ("{email_local}", "left({last_name}, 2)"),
        "the same mailbox name at another provider, or a mistyped domain",
    ),
    BlockingRule(
        "whole_name_and_postcode_area",
        (
            "least({first_name}, {last_name})",
            "greatest({first_name}, {last_name})",
            "left({postal_code}, 3)",
        ),
        "the same name in the same area, whichever way round the names were entered",
    ),
    BlockingRule(
        "whole_name_and_birth_year",
        (
            "least({first_name}, {last_name})",
            "greatest({first_name}, {last_name})",
            "left({birth_on}, 4)",
        ),
        "people who moved; the names either way round",
    ),
    BlockingRule(
        "birth_date_and_surname_beginning",
        ("{birth_on}", "left({last_name}, 2)"),
        "a first name that was mistyped, shortened or translated",
    ),
    BlockingRule(
        "birth_date_and_first_name_beginning",
        ("{birth_on}", "left({first_root}, 2)"),
        "a surname that was mistyped or changed by marriage",
    ),
    BlockingRule(
        "birth_date_and_house_number",
        ("{birth_on}", "{house_number}"),
        "both names spoilt or swapped",
    ),
    BlockingRule(
        "house",
        ("{house_number}", "left({street_name}, 4)", "{postal_code}"),
        "one person of a house, however the names are spelt",
    ),
    BlockingRule(
        "house_in_city",
        ("{house_number}", "left({street_name}, 4)", "left({city}, 4)"),
        "as before, with a mistyped or missing postcode",
    ),
    BlockingRule(
        "street_and_first_name_beginning",
        ("left({street_name}, 4)", "{postal_code}", "left({first_root}, 2)"),
        "a missing or mistyped house number",
    ),
    BlockingRule(
        "street_and_surname_beginning",
        ("left({street_name}, 4)", "{postal_code}", "left({last_name}, 2)"),
        "the same, with a spoilt first name",
    ),
    BlockingRule(
        "whole_name_and_city",
        ("{first_root}", "{last_name}", "{city}"),
        "postcodes that were mistyped or left out",
    ),
    BlockingRule(
        "whole_name_and_region",
        ("{first_root}", "{last_name}", "{region}"),
        "systems that know no more of an address than the region",
    ),
    BlockingRule(
        "whole_name",
        ("{first_name}", "{last_name}"),
        "names that so few records carry that the name alone is worth a look",
    ),
)


@dataclass(frozen=True)
class Model:
    """Everything that decides how a pair is judged; the run gives only the data.

    `trained` maps a comparison to the m and u probabilities of its levels, in order.
    """

    trained: dict[str, list[dict[str, float]]]
    comparisons: tuple[Comparison, ...] = COMPARISONS
    blocking_rules: tuple[BlockingRule, ...] = BLOCKING_RULES
    accept_weight: float = 2.0
    """Match weight (log2 odds, prior included) from which a pair is held to be one person."""
    review_weight: float = -4.0
    """Pairs below this are not even kept as rejected links."""
    block_limit: int = 100
    """A block of more distinct records than this says nothing about identity and is left out."""
    pseudo_records: int = 5_000
    """Small data are judged as if this many more records of other people stood beside them."""
    comparison_names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "comparison_names", tuple(c.name for c in self.comparisons))

    def term_frequency_columns(self) -> dict[str, float]:
        """Column -> u of the level that it adjusts, which is the frequency of a usual value."""
        return {
            level.term_frequency_column: self.trained[comparison.name][position]["u"]
            for comparison in self.comparisons
            for position, level in enumerate(comparison.levels)
            if level.term_frequency_column
        }

    def level_weights(self, comparison: str) -> list[float]:
        """Match weights (log2 of m / u) of a comparison's levels, in order, "all other" the last."""
        return [math.log2(level["m"] / level["u"]) for level in self.trained[comparison]]

    def levels_in_words(self) -> list[tuple[str, int, str, float]]:
        """(comparison, level, words, match weight) of every level; 0 is the last, "all other"."""
        return [
            (comparison.name, level, words, weight)
            for comparison in self.comparisons
            for level, words, weight in zip(
                [*range(1, len(comparison.levels) + 1), 0],
                [*(level.name for level in comparison.levels), "unlike"],
                self.level_weights(comparison.name),
                strict=True,
            )
        ]

    def splink_settings(self, prior: float) -> dict:
        """Splink's settings where two random records are one person with probability `prior`."""
        return splink_settings(
            self.comparisons, self.blocking_rules, trained=self.trained, prior=prior
        )


def splink_settings(
    comparisons: tuple[Comparison, ...],
    blocking_rules: tuple[BlockingRule, ...],
    *,
    trained: dict[str, list[dict[str, float]]] | None = None,
    prior: float = 1e-4,
) -> dict:
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "node_id",
        "probability_two_random_records_match": prior,
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": True,
        "comparisons": [c.to_splink(trained[c.name] if trained else None) for c in comparisons],
        "blocking_rules_to_generate_predictions": [
            {"blocking_rule": rule.splink_sql, "sql_dialect": "duckdb"} for rule in blocking_rules
        ],
    }


def chosen(own: Path) -> Model:
    """The model in the file `own`, a home's, where somebody trained one; else the shipped one."""
    if not own.exists():
        return shipped()
    try:
        return from_json(own.read_text(encoding="utf-8"))
    except (ValueError, KeyError, TypeError) as error:
        raise LakeError(
            f"{own} is no model for this version: {error}. `cdp train` makes it anew; without the file "
            "the shipped model is used"
        ) from None


def shipped() -> Model:
    """The model that is committed beside this module."""
    text = resources.files(__package__).joinpath("trained.json").read_text(encoding="utf-8")
    return from_json(text)


def from_json(text: str) -> Model:
    """Raises ValueError if the parameters were trained for other comparisons than these."""
    trained = {
        name: [{"m": level["m"], "u": level["u"]} for level in levels]
        for name, levels in json.loads(text)["comparisons"].items()
    }
    expected = {c.name: len(c.levels) + 1 for c in COMPARISONS}
    found = {name: len(levels) for name, levels in trained.items()}
    if found != expected:
        raise ValueError(
            f"the parameters do not fit the comparisons: levels expected {expected}, found {found};"
            " train again"
        )
    return Model(trained)
