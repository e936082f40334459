"""SendGrid: what happened to each e-mail sent, as its event webhook tells it.

Arrays and newline-delimited objects are read alike. Delivered at least once: `sg_event_id` repeats.
Custom arguments are fields of the sender's own and are kept in `_extra`.
"""

from connectors.contract import Contract, column
from connectors.mailchimp import recipient

EVENTS = Contract(
    system="sendgrid",
    export="events",
    title="SendGrid e-mail events",
    description="Processed, delivered, opened, clicked, bounced, … one event at a time.",
    grain="One row per event, repeated where SendGrid delivered it again.",
    format="json",
    key=("sg_event_id",),
    repeats_key=True,
    anchors=(("sg_event_id",), ("sg_message_id",)),
    time='as_epoch_utc("timestamp")',
    day='cast(as_epoch_utc("timestamp") as date)',
    is_numbered=False,
    is_open=True,
    names=(recipient("url"),),
    columns=(
        column("sg_event_id", "The event's id", required=True),
        column("sg_message_id", "The message's id"),
        column("email", "Recipient", "email", required=True),
        column("timestamp", "When it happened, in seconds since 1970", "epoch", required=True),
        column("event", "What happened: delivered, open, click, …", required=True),
        column("smtp-id", "The message's id in the mail system"),
        column("category", "Categories: a text, or a JSON array of texts"),
        column("reason", "Why it bounced or was dropped"),
        column("status", "Status code of a bounce"),
        column("response", "The receiving server's answer"),
        column("attempt", "Number of the attempt", "integer"),
        column("type", "Bounce or blocked"),
        column("bounce_classification", "Kind of bounce"),
        column("useragent", "Agent that opened or clicked"),
        column("ip", "Address that opened, clicked or sent"),
        column("url", "Link that was clicked"),
        column("url_offset", "Which of several equal links, as JSON", "json"),
        column("asm_group_id", "Suppression group", "integer"),
        column("tls", "Delivered over TLS"),
        column("cert_err", "Certificate could not be verified"),
        column("sg_machine_open", "Opened by a machine", "boolean"),
        column("sg_content_type", "Kind of content opened"),
        column("sg_template_id", "Template"),
        column("sg_template_name", "Template's name"),
        column("pool", "Pool of sending addresses, as JSON", "json"),
        column("newsletter", "Marketing newsletter, as JSON", "json"),
        column("marketing_campaign_id", "Marketing campaign"),
        column("marketing_campaign_name", "Marketing campaign's name"),
        column("singlesend_id", "Single send"),
        column("singlesend_name", "Single send's name"),
        column("send_at", "Scheduled for, in seconds since 1970", "epoch"),
    ),
)

CONTRACTS = (EVENTS,)
