"""Segment: the calls of web sites, apps and servers, as its storage destination and others write them.

One object a call: track, identify, page, screen, alias or group. RudderStack writes the same. Names
are camelCase, or snake_case from some libraries. Delivered at least once: `messageId` repeats.
Traits and properties are the sender's own and stay JSON.
"""

from connectors.contract import Column, Contract, Name, Rule, column, snake_case
from connectors.mailchimp import recipient


def _field(header: str, description: str, type: str = "text", **more: bool) -> Column:  # noqa: A002
    """A field of a call in both its spellings."""
    other = snake_case(header)
    return column(header, description, type, aliases=(other,) if other != header else (), **more)


EVENTS = Contract(
    system="segment",
    export="events",
    title="Segment calls",
    description="What visitors and users of sites and apps did, one call at a time.",
    grain="One row per call, repeated where it was delivered again.",
    format="json",
    key=("message_id",),
    repeats_key=True,
    time='as_utc("timestamp")',
    day='cast(as_utc("timestamp") as date)',
    is_numbered=False,
    is_open=True,
    names=(
        Name("visitor", "'segment:' || coalesce(as_text(anonymous_id), as_text(user_id))"),
        # a shop that reports by Segment names its customers by its own numbers
        Name(
            "record",
            "case when regexp_full_match(user_id, '\\d{10,}') then 'shopify:customers:' || user_id end",
        ),
        Name("email", "case when contains(traits, '@') then as_json(traits) ->> '$.email' end"),
        Name(
            "email",
            "case when contains(context, '@') then as_json(context) ->> '$.traits.email' end",
        ),
        recipient("properties"),
        recipient("context"),
    ),
    columns=(
        _field("messageId", "The call's id", required=True),
        _field("type", "track, identify, page, screen, alias or group", required=True),
        _field("event", "What a track call tells"),
        _field("name", "Which page or screen"),
        _field("category", "Kind of page or screen"),
        _field("anonymousId", "The device or browser"),
        _field("userId", "The user in the sender's own system"),
        _field("previousId", "In an alias call, the id until then"),
        _field("groupId", "In a group call, the company"),
        _field("properties", "What a track, page or screen call tells besides, as JSON", "json"),
        _field("traits", "What an identify or group call tells of whom it names, as JSON", "json"),
        _field("context", "Device, page, campaign, address and library, as JSON", "json"),
        _field("timestamp", "When it happened, by the server's clock", "timestamp", required=True),
        _field("originalTimestamp", "When it happened, by the device's clock", "timestamp"),
        _field("sentAt", "When it was sent, by the device's clock", "timestamp"),
        _field("receivedAt", "When it came in", "timestamp"),
        _field("integrations", "Destinations that may have it, as JSON", "json"),
        _field("channel", "browser, mobile or server"),
        _field("version", "Version of the form of calls"),
        _field("projectId", "The source that sent it"),
        _field("writeKey", "Key of the source that sent it"),
    ),
    rules=(
        Rule(
            "timestamp",
            'as_text("timestamp") is null',
            "value missing",
            "the time at which it happened",
            "have calls exported as they were received, with their timestamp",
        ),
    ),
)

CONTRACTS = (EVENTS,)
