"""Corrections: what people decided about records, profiles and values, in tables of their own.

They are delivered like any other system's exports and say who decided, when and why. Here stands
which rows can be understood; which decision holds where several were made is said in sql/standard.
"""


from connectors.contract import Column, Contract, Name, Rule, column, is_one_of

KINDS = (
    "email",
    "email_local",
    "email_domain",
    "phone",
    "name",
    "birth_on",
    "loyalty",
    "salesforce_id",
    "mailchimp_euid",
    "shopify_customer_id",
    "square_customer_id",
)
LIMITS = ("max_surnames", "max_full_names", "max_per_profile")
ATTRIBUTES = (
    "first_name",
    "last_name",
    "middle_name",
    "name_suffix",
    "email",
    "phone",
    "street",
    "city",
    "region",
    "postal_code",
    "country",
    "birth_on",
    "gender",
    "company",
)

_RECORD = "system:export:id"
_DECIDED = (
    column("decided_by", "Who decided", required=True),
    column("decided_on", "Day of the decision; a later one replaces it", "date", required=True),
    column("reason", "Why", required=True),
)
_IS_LIMIT = "lower(as_text(\"action\")) like 'max!_%' escape '!'"


def _filled(*names: str, where: str = "true") -> tuple[Rule, ...]:
    """A correction that somebody made says all of it."""
    return tuple(
        Rule(
            name,
            f'as_text("{name}") is null and {where}',
            "value missing",
            "a value in every correction",
            "fill it in: who decided, when, why, and about what",
        )
        for name in names
    )


def _is_record(name: str) -> Rule:
    return Rule(
        name,
        f"not regexp_full_match(as_text(\"{name}\"), '[a-z0-9_]+:[a-z0-9_]+:\\S.*')",
        "not a record",
        _RECORD,
        "copy the record as `profile_records` and `links` write it",
        f'shape("{name}")',
    )


def _corrections(
    export: str,
    title: str,
    description: str,
    grain: str,
    columns: tuple[Column, ...],
    *rules: Rule,
    names: tuple[Name, ...] = (),
) -> Contract:
    return Contract(
        system="corrections",
        export=export,
        title=title,
        description=description,
        grain=grain,
        format="csv",
        time='cast(as_date("decided_on") as timestamp)',
        columns=(*columns, *_DECIDED),
        rules=rules,
        names=names,
        is_numbered=True,
        is_open=True,
    )


PAIRS = _corrections(
    "pair_decisions",
    "Decisions about pairs",
    "Pairs of records that a person judged; the review queue, filled in.",
    "One row per pair of records.",
    (
        column("left_record", f"A record, {_RECORD}", required=True, names="record"),
        column(
            "right_record", "The record that it was compared with", required=True, names="record"
        ),
        column(
            "decision",
            "same, different, or unsure to take a decision back; empty: not decided yet",
            required=True,
        ),
    ),
    *_filled("left_record", "right_record"),
    *_filled("decided_by", "decided_on", "reason", where='as_text("decision") is not null'),
    _is_record("left_record"),
    _is_record("right_record"),
    is_one_of("decision", ("same", "different", "unsure")),
    Rule(
        "right_record",
        'as_text("left_record") = as_text("right_record")',
        "a record paired with itself",
        "two records",
        "look which record was meant",
        "'the same record twice'",
    ),
)

SPLITS = _corrections(
    "profile_splits",
    "Splits of profiles",
    "Records of one profile that are several people's: records with different parts are different"
    " people.",
    "One row per record of a split; a split is a profile and a day.",
    (
        column("profile_id", "The profile to split", required=True),
        column("record", f"One of its records, {_RECORD}", required=True, names="record"),
        column("part", "Any label; records of one person have the same", required=True),
    ),
    *_filled("profile_id", "record", "part", "decided_by", "decided_on", "reason"),
    _is_record("record"),
)

GUARDS = _corrections(
    "guard_decisions",
    "Decisions about identifiers",
    "Values that are, or are not, evidence of identity, and how many people may share one.",
    "One row per value or limit.",
    (
        column("kind", "Kind of identifier, or name or birth_on", required=True),
        column("value", "The value; empty for a limit", required=True),
        column("action", "junk, not_junk, or the name of a limit", required=True),
        column("limit", "The limit", "integer", required=True),
        column("window_days", "Days that a limit looks back; empty: ever", "integer"),
    ),
    *_filled("kind", "action", "decided_by", "decided_on", "reason"),
    *_filled("limit", where=_IS_LIMIT),
    *_filled("value", where=f"not {_IS_LIMIT}"),
    is_one_of("kind", KINDS),
    is_one_of("action", ("junk", "not_junk", *LIMITS)),
    Rule(
        "value",
        f'not {_IS_LIMIT} and as_text("value") is not null'
        ' and as_guarded_value("kind", "value") is null',
        "unreadable value",
        "a value of its kind: an address, seven digits at least, letters, a date",
        "write it as the sources do",
        'shape("value")',
    ),
    Rule(
        "limit",
        'as_integer("limit") not between 1 and 1000000',
        "limit out of range",
        "1 to 1000000",
        "to distrust a value altogether, junk it",
        'shape("limit")',
    ),
    names=(Name("email", "case lower(as_text(kind)) when 'email' then \"value\" end"),),
)

VALUES = _corrections(
    "attribute_decisions",
    "Corrected values",
    "Values that are right whatever the sources say.",
    "One row per record and attribute.",
    (
        column("record", f"Any record of the person, {_RECORD}", required=True, names="record"),
        column("attribute", "Attribute of the profile", required=True),
        column("value", "The right value", required=True),
    ),
    *_filled("record", "attribute", "value", "decided_by", "decided_on", "reason"),
    _is_record("record"),
    is_one_of("attribute", ATTRIBUTES),
    Rule(
        "value",
        'as_text("value") is not null and as_attribute("attribute", "value") is null',
        "unreadable value",
        "an e-mail address, +4930123456, two letters of a country, a date",
        "write the value in the form that profiles have",
        'shape("value")',
    ),
)

CONTRACTS = (PAIRS, SPLITS, GUARDS, VALUES)
