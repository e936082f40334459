"""Preference centre: what people say themselves about what they may be contacted for, and how.

A table of our own form, for whatever asks people: a page of the web shop, a form, a letter. What a
statement is worth beside those of other systems is said in sql/standard and sql/golden.
"""


from connectors.contract import Contract, Rule, column, is_one_of, is_readable

CHANNELS = ("email", "sms", "phone", "push", "post", "ads")
PURPOSES = ("marketing", "profiling", "advertising", "service")
STATUSES = ("granted", "denied")

_CELLS = ("email", "phone", "record", "channel", "purpose", "status", "stated_at", "evidence")
_CONTENT = ", ".join(f"coalesce(as_text(\"{name}\"), '')" for name in _CELLS)


def _is_filled(name: str) -> Rule:
    return Rule(
        name,
        f'as_text("{name}") is null',
        "value missing",
        "channel, purpose, status, time and place of every statement",
        "fill it in: a statement without it proves nothing",
    )


CONSENTS = Contract(
    system="preferences",
    export="consents",
    keys=(("record_key", f"'preferences:consents:' || md5(concat_ws('|', {_CONTENT}))"),),
    title="Statements of a preference centre",
    description="What people allowed or forbade: by which channel, for what, when and where.",
    grain="One row per statement.",
    format="csv",
    time='as_utc("stated_at")',
    columns=(
        column("email", "E-mail that it is about", "email", required=True),
        column("phone", "Telephone that it is about", "phone", required=True),
        column("record", "Record of the person, system:export:id", required=True, names="record"),
        column("channel", " or ".join(CHANNELS), required=True),
        column("purpose", " or ".join(PURPOSES), required=True),
        column("status", " or ".join(STATUSES), required=True),
        column("stated_at", "When it was said", "timestamp", required=True),
        column("evidence", "Where it was said, such as preference centre", required=True),
    ),
    rules=(
        Rule(
            "email",
            'coalesce(as_text("email"), as_text("phone"), as_text("record")) is null',
            "nobody named",
            "an e-mail, a telephone or a record",
            "say who it was",
        ),
        is_readable("email", 'as_email("email") is null', "an e-mail address"),
        is_readable(
            "phone", "as_guarded_value('phone', \"phone\") is null", "seven digits at least"
        ),
        is_readable(
            "record",
            "not regexp_full_match(as_text(\"record\"), '[a-z0-9_]+:[a-z0-9_]+:\\S.*')",
            "system:export:id",
        ),
        *(_is_filled(name) for name in ("channel", "purpose", "status", "stated_at", "evidence")),
        is_one_of("channel", CHANNELS),
        is_one_of("purpose", PURPOSES),
        is_one_of("status", STATUSES),
    ),
    is_numbered=True,
    is_open=True,
)

CONTRACTS = (CONSENTS,)
