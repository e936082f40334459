"""Typeform: the answers to a form, one column a question, in the words of whoever made the form.

The e-mail and the rating are found by the words of their headers. What else was asked is free text
about persons: it is kept in `_extra` and goes no further.
"""

from connectors.contract import Contract, Variant, column

RESPONSES = Contract(
    system="typeform",
    export="responses",
    keys=(("record_key", "'typeform:responses:' || as_text(response_id)"),),
    title="Typeform responses",
    description="Answers to surveys and forms, also those begun and not submitted.",
    grain="One row per response.",
    format="csv",
    key=("response_id",),
    variants=(
        Variant("current", headers=("Response Type",)),
        Variant("previous", headers=("Network ID",)),
    ),
    time="coalesce(as_utc(submitted_at), as_utc(started_at))",
    is_open=True,
    may_repeat_headers=True,
    columns=(
        column("#", "The response's token", name="response_id", required=True),
        column("E-mail", "E-mail of who answered", "email", name="email", containing="e.?mail"),
        column(
            "Rating",
            "Answer to the first question that asks for a rating",
            containing=r"\b(how (likely|satisfied)|rate|rating|score)\b",
        ),
        column("Response Type", "completed, partial or started"),
        column(
            "Start Date (UTC)", "Begun at", "timestamp", name="started_at", required=True
        ),
        column("Stage Date (UTC)", "Left off at", "timestamp", name="left_off_at"),
        column(
            "Submit Date (UTC)", "Submitted at", "timestamp", name="submitted_at", required=True
        ),
        column("Network ID", "Hash of where it came from", required=True),
        column("Tags", "Tags of the response"),
        column("Ending", "The ending that was shown"),
    ),
)

CONTRACTS = (RESPONSES,)
