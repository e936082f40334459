"""Mailchimp: the audience export, whose several files are the members' statuses.

Users label their merge fields as they like, so all but the vendor's own upper-case columns are
known by alias, and the e-mail by the word in its label. What a merge field beyond these holds is
kept in `_extra`.
"""

from connectors.contract import Contract, Name, Variant, column


def recipient(text: str) -> Name:
    """The member to whom a mail went, in the address that a link of it leads to, wherever that is noted: by
    whoever counts clicks, of the visit's landing, and as the page that led to the next one."""
    found = f"nullif(regexp_extract({text}, '[?&]?mc_eid=([0-9A-Za-z]+)', 1), '')"
    member = f"'mailchimp:members:' || {found}"
    return Name("record", f"case when contains({text}, 'mc_eid=') then {member} end")


MEMBERS = Contract(
    system="mailchimp",
    export="members",
    keys=(
        (
            "record_key",
            "'mailchimp:members:' || coalesce(as_text(euid), md5(lower(as_text(email_address))))",
        ),
    ),
    title="Mailchimp audience members",
    description="Members of an audience; which of the export's files a row is in is its status.",
    grain="One row per member of an audience.",
    format="csv",
    key=("email_address",),
    anchors=(("leid",), ("euid",)),
    variants=(
        Variant("unsubscribed", headers=("UNSUB_TIME",)),
        Variant("cleaned", headers=("CLEAN_TIME",)),
        # Non-subscribed members have the columns of subscribed ones: only the name tells.
        Variant("nonsubscribed", file_name=r"non[-_ ]?subscribed|transactional"),
        Variant("subscribed", headers=("MEMBER_RATING",)),
    ),
    time="coalesce(as_utc(last_changed), as_utc(unsub_time), as_utc(clean_time),"
    " as_utc(confirm_time), as_utc(optin_time))",
    is_open=True,
    may_repeat_headers=True,
    names=(Name("member", "record_key", is_own=True),),
    country="as_text(cc)",
    columns=(
        column(
            "Email Address",
            "E-mail",
            "email",
            containing="e.?mail",
            aliases=("Email",),
            required=True,
        ),
        column(
            "First Name",
            "Given name",
            aliases=("FNAME", "Firstname", "Given Name"),
            names="first_name",
        ),
        column(
            "Last Name",
            "Surname",
            aliases=("LNAME", "Lastname", "Surname", "Family Name"),
            names="last_name",
        ),
        column("Phone", "Telephone", "phone", aliases=("Phone Number", "Mobile", "Telephone")),
        column("Birthday", "Day and month of birth, MM/DD", aliases=("Birth Date", "Birthdate")),
        column("Address", "Address in one cell", aliases=("Postal Address", "Mailing Address")),
        column("ZIP Code", "Postal code", aliases=("Zip", "Postal Code", "Postcode")),
        column("Company", "Company", aliases=("Company Name", "Organization", "Organisation")),
        column("MEMBER_RATING", "Engagement, 1 to 5", "integer", required=True),
        column("OPTIN_TIME", "Signed up at", "timestamp"),
        column("OPTIN_IP", "Signed up from"),
        column("CONFIRM_TIME", "Confirmed at", "timestamp"),
        column("CONFIRM_IP", "Confirmed from"),
        column("LATITUDE", "Latitude, by address of the network", "decimal"),
        column("LONGITUDE", "Longitude, by address of the network", "decimal"),
        column("GMTOFF", "Hours from UTC", "decimal"),
        column("DSTOFF", "Hours from UTC in summer", "decimal"),
        column("TIMEZONE", "Time zone"),
        column("CC", "Country code"),
        column("REGION", "Region"),
        column("LAST_CHANGED", "Last changed at", "timestamp"),
        column("UNSUB_TIME", "Unsubscribed at", "timestamp"),
        column("UNSUB_CAMPAIGN_TITLE", "Campaign that they unsubscribed from"),
        column("UNSUB_CAMPAIGN_ID", "Id of that campaign"),
        column("UNSUB_REASON", "Why they unsubscribed"),
        column("UNSUB_REASON_OTHER", "Why, in their words"),
        column("CLEAN_TIME", "Found undeliverable at", "timestamp"),
        column("CLEAN_CAMPAIGN_TITLE", "Campaign that found them undeliverable"),
        column("CLEAN_CAMPAIGN_ID", "Id of that campaign"),
        column("LEID", "Id of the e-mail in this list"),
        column("EUID", "Id of the e-mail over all lists"),
        column("NOTES", "Notes"),
        column("TAGS", "Tags, CSV within the cell"),
    ),
)

CONTRACTS = (MEMBERS,)
