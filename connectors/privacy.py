"""Privacy desk: what people ask about their own data, in a table of our own form.

For whatever takes such requests down: a form, a mailbox, a ticket system. What becomes of a request is
said in sql/standard and in dagster_project/privacy.
"""


from connectors.contract import Contract, Rule, column, is_one_of, is_readable
from connectors.preferences import CHANNELS, PURPOSES

KINDS = (
    "access",
    "portability",
    "erase",
    "rectify",
    "restrict",
    "unrestrict",
    "object",
    "withdraw",
    "do_not_sell",
)

_NAMES = ("email", "phone", "record", "visitor")
_NAMED = ", ".join(f'as_text("{name}")' for name in _NAMES)
_CELLS = ("request_id", "kind", *_NAMES, "channel", "purpose", "received_on")
_CONTENT = ", ".join(f"coalesce(as_text(\"{name}\"), '')" for name in _CELLS)
_FREE_TEXT = ("note", "notes", "comment", "comments", "message", "description")


REQUESTS = Contract(
    system="privacy",
    export="requests",
    keys=(("record_key", f"'privacy:requests:' || md5(concat_ws('|', {_CONTENT}))"),),
    title="Requests of people about their data",
    description="What people asked about their own data: which right, who, and when it was received.",
    grain="One row per request and way in which it names the person.",
    format="csv",
    key=("request_id", "kind", "received_on"),
    time='cast(as_date("received_on") as timestamp)',
    refused=tuple((name, "free text, in which anything may stand") for name in _FREE_TEXT),
    columns=(
        column("request_id", "The request, as its form or ticket names it", required=True),
        column("kind", " or ".join(KINDS), required=True),
        column("email", "E-mail of the person", "email", required=True),
        column("phone", "Telephone of the person", "phone", required=True),
        column("record", "Record of the person, system:export:id", required=True, names="record"),
        column("visitor", "Visitor, such as weblogs:<cookie>", required=True, names="visitor"),
        column("channel", " or ".join(CHANNELS) + "; empty: all of them", required=True),
        column("purpose", " or ".join(PURPOSES) + "; empty: all but service", required=True),
        column("received_on", "Day on which it was received", "date", required=True),
    ),
    rules=(
        Rule(
            "email",
            f"coalesce({_NAMED}) is null",
            "nobody named",
            "an e-mail, a telephone, a record or a visitor",
            "say who it is",
        ),
        is_readable("email", 'as_email("email") is null', "an e-mail address"),
        is_readable("phone", "as_guarded_value('phone', \"phone\") is null", "seven digits at least"),
        is_readable(
            "record",
            "not regexp_full_match(as_text(\"record\"), '[a-z0-9_]+:[a-z0-9_]+:\\S.*')",
            "system:export:id",
        ),
        is_readable(
            "visitor", "not regexp_full_match(as_text(\"visitor\"), '[a-z0-9_]+:\\S.*')", "system:id"
        ),
        is_one_of("kind", KINDS),
        is_one_of("channel", CHANNELS),
        is_one_of("purpose", PURPOSES),
    ),
    is_numbered=True,
    is_open=True,
)

CONTRACTS = (REQUESTS,)
