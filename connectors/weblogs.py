"""Web servers' logs: the common and combined formats with their variations, and CloudFront's.

A line of an access log is cut into its fields and left as the server wrote it, with backslash
escapes. Other W3C logs are read by the names in their `#Fields:` line, as CloudFront's are.
"""

from connectors.contract import Contract, Name, Variant, column
from connectors.mailchimp import recipient


def _visitor(cookie: str, address: str, agent: str) -> Name:
    """A browser: by its cookie, else by address and agent, which say it for a day. visitor_cookies() are
    the cookies that hold a visitor's id."""
    return Name(
        "visitor",
        f"'weblogs:' || coalesce(cookie_id({cookie}, visitor_cookies()),"
        f" agent_key({address}, {agent}) || '@' || occurred_on)",
    )


ACCESS = Contract(
    system="weblogs",
    export="access",
    title="Web server access log",
    description="Requests as Apache, nginx and others log them: common or combined format, with or"
    " without a host before and a cookie after.",
    grain="One row per request.",
    format="access_log",
    variants=(
        Variant("common"),
        Variant("combined"),
        Variant("vhost_common"),
        Variant("vhost_combined"),
        Variant("common_cookie"),
        Variant("combined_cookie"),
        Variant("vhost_common_cookie"),
        Variant("vhost_combined_cookie"),
    ),
    time="as_utc(time_text)",
    day="cast(as_utc(time_text) as date)",
    is_numbered=False,
    names=(
        _visitor("nullif(cookie, '-')", "remote_host", "nullif(user_agent, '-')"),
        recipient("request"),
        recipient("referer"),
    ),
    columns=(
        column("vhost", "Host, or host:port, that was asked"),
        column("remote_host", "Address that asked", required=True),
        column("ident", "Identity by identd, - for none"),
        column("remote_user", "User who signed in, - for none", names="email"),
        column("time_text", "When, as 17/May/2015:10:05:03 +0000", "timestamp", required=True),
        column("request", "Method, path and protocol", required=True),
        column("status", "Status code", "integer", required=True),
        column("bytes", "Bytes sent, - for none"),
        column("referer", "Page that led there, - for none"),
        column("user_agent", "Agent that asked, - for none"),
        column("cookie", "Visitor's cookie, - for none"),
    ),
)

_FIELDS = (
    ("date", "UTC date", "date"),
    ("time", "UTC time", "time"),
    ("x-edge-location", "Edge location that answered", "text"),
    ("sc-bytes", "Bytes sent", "integer"),
    ("c-ip", "Address that asked", "text"),
    ("cs-method", "Method", "text"),
    ("cs(Host)", "Host of the distribution", "text"),
    ("cs-uri-stem", "Path", "text"),
    ("sc-status", "Status code", "text"),
    ("cs(Referer)", "Page that led there", "text"),
    ("cs(User-Agent)", "Agent that asked, URL-encoded twice", "text"),
    ("cs-uri-query", "Query", "text"),
    ("cs(Cookie)", "Cookies", "text"),
    ("x-edge-result-type", "Hit, miss, error, …", "text"),
    ("x-edge-request-id", "The request's id", "text"),
    ("x-host-header", "Host that was asked", "text"),
    ("cs-protocol", "Protocol", "text"),
    ("cs-bytes", "Bytes received", "integer"),
    ("time-taken", "Seconds taken", "decimal"),
    ("x-forwarded-for", "Address behind a proxy", "text"),
    ("ssl-protocol", "TLS version", "text"),
    ("ssl-cipher", "TLS cipher", "text"),
    ("x-edge-response-result-type", "Result just before answering", "text"),
    ("cs-protocol-version", "Version of HTTP", "text"),
    ("fle-status", "State of field encryption", "text"),
    ("fle-encrypted-fields", "Fields encrypted", "text"),
    ("c-port", "Port that asked", "text"),
    ("time-to-first-byte", "Seconds to the first byte", "text"),
    ("x-edge-detailed-result-type", "Result in detail", "text"),
    ("sc-content-type", "Content type", "text"),
    ("sc-content-len", "Content length", "text"),
    ("sc-range-start", "Range from", "text"),
    ("sc-range-end", "Range to", "text"),
)
_REQUIRED = {"date", "time", "c-ip", "cs-uri-stem", "sc-status"}

CLOUDFRONT = Contract(
    system="weblogs",
    export="cloudfront",
    title="CloudFront and other W3C access logs",
    description="Requests as the content delivery network logs them; the file names its fields.",
    grain="One row per request.",
    format="w3c_log",
    key=("x_edge_request_id",),
    variants=(
        Variant("cloudfront", headers=("x-edge-request-id",)),
        Variant("w3c", headers=("date",)),
    ),
    time="as_utc(\"date\" || ' ' || \"time\")",
    day='as_date("date")',
    is_numbered=False,
    names=(
        _visitor(
            "url_decode(nullif(cs_cookie, '-'))",
            "c_ip",
            "url_decode(url_decode(nullif(cs_user_agent, '-')))",
        ),
        recipient("cs_uri_query"),
        recipient("url_decode(cs_referer)"),
    ),
    columns=tuple(
        column(field, description, type, required=field in _REQUIRED)
        for field, description, type in _FIELDS
    ),
)

CONTRACTS = (ACCESS, CLOUDFRONT)
