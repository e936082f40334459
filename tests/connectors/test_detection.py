import pytest

ACCOUNT = "Id,IsDeleted,Name,BillingStreet,BillingCity,Industry,AnnualRevenue"
CONTACT = "Id,IsDeleted,AccountId,LastName,FirstName,MailingStreet,MailingCity,Phone,Email"
LEAD = "Id,IsDeleted,LastName,FirstName,Company,Street,City,Phone,Email,Status,IsConverted"
OPPORTUNITY = "Id,IsDeleted,AccountId,Name,StageName,Amount,CloseDate,IsWon"
CASE = "Id,IsDeleted,CaseNumber,ContactId,SuppliedEmail,Status,Subject"
TASK = "Id,WhoId,WhatId,Subject,ActivityDate,Status"
CAMPAIGN = "Id,IsDeleted,Name,Type,Status,StartDate,EndDate"
MEMBER = "Id,IsDeleted,CampaignId,LeadId,ContactId,Status"
CUSTOMERS = (
    "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Zip,Phone,"
    "Total Spent,Total Orders,Tax Exempt"
)
CUSTOMERS_PREVIOUS = (
    "First Name,Last Name,Email,Accepts Email Marketing,Company,Zip,Phone,Total Spent,Total Orders"
)
CUSTOMERS_2020 = "First Name,Last Name,Email,Accepts Marketing,Zip,Phone,Total Spent,Total Orders"
ORDERS = (
    "Name,Email,Financial Status,Currency,Subtotal,Total,Created at,Lineitem quantity,"
    "Lineitem name,Lineitem price,Lineitem compare at price,Billing Zip,Cancelled at,Id"
)
ITEMS = "Date,Time,Time Zone,Item,Qty,Gross Sales,Net Sales,Transaction ID"
TRANSACTIONS = (
    "Date,Time,Time Zone,Gross Sales,Net Sales,Total Collected,Net Total,Transaction ID,Payment ID"
)
MAILCHIMP = "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,LEID,EUID"
HISTORY = "Id,OpportunityId,CreatedById,CreatedDate,StageName,Amount,CloseDate,Probability"
ROLE = "Id,OpportunityId,ContactId,Role,IsPrimary,IsDeleted,CreatedDate"
USER = "Id,Username,LastName,FirstName,Name,Email,Department,IsActive,ProfileId"
RESPONSES = "#,How likely are you to return?,Your e-mail,Start Date (UTC),Submit Date (UTC),Network ID"
BOUGHT = "provider,email,attribute,value,obtained_on,valid_until"
CALL = '{"anonymousId":"1","type":"track","messageId":"m","timestamp":"2015-02-23T22:28:55Z"}'
EVENT = '{"sg_event_id":"a","email":"a@b.c","timestamp":1,"event":"open"}'
LINE = '1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5'
W3C = "#Version: 1.0\n#Fields: date time c-ip cs-method cs-uri-stem sc-status x-edge-request-id\n"


def name_of(detection):
    return detection.contract and detection.contract.name


@pytest.mark.parametrize(
    ("content", "name", "variant"),
    [
        (ACCOUNT, "salesforce__account", "api_names"),
        (CONTACT, "salesforce__contact", "api_names"),
        (CONTACT.upper(), "salesforce__contact", "uppercase"),
        ("\ufeff" + CONTACT, "salesforce__contact", "api_names"),
        ("Contact ID,First Name,Last Name,Account ID,Email,Phone", "salesforce__contact", "labels"),
        (LEAD, "salesforce__lead", "api_names"),
        (OPPORTUNITY, "salesforce__opportunity", "api_names"),
        (CASE, "salesforce__case", "api_names"),
        (TASK, "salesforce__task", "api_names"),
        (CAMPAIGN, "salesforce__campaign", "api_names"),
        (MEMBER, "salesforce__campaign_member", "api_names"),
        (HISTORY, "salesforce__opportunity_history", "api_names"),
        (ROLE, "salesforce__opportunity_contact_role", "api_names"),
        (USER, "salesforce__user", "api_names"),
        (CUSTOMERS, "shopify__customers", "current"),
        (CUSTOMERS_PREVIOUS, "shopify__customers", "previous"),
        (CUSTOMERS_2020, "shopify__customers", "2020"),
        (ORDERS, "shopify__orders", None),
        (
            ORDERS.replace("compare at", "compare-at").replace("Cancelled", "Canceled"),
            "shopify__orders",
            None,
        ),
        (ORDERS + ",Customer ID", "shopify__orders", None),
        (ITEMS, "square__items", "2017"),
        (ITEMS + ",Customer ID,GTIN,Card Brand", "square__items", "2026"),
        (TRANSACTIONS, "square__transactions", "2018"),
        (MAILCHIMP, "mailchimp__members", "subscribed"),
        (MAILCHIMP + ",UNSUB_TIME", "mailchimp__members", "unsubscribed"),
        (MAILCHIMP + ",CLEAN_TIME", "mailchimp__members", "cleaned"),
        (EVENT, "sendgrid__events", None),
        (f"[\n  {EVENT},\n  {EVENT}\n]", "sendgrid__events", None),
        (CALL, "segment__events", None),
        (CALL.replace("messageId", "message_id"), "segment__events", None),
        (RESPONSES, "typeform__responses", "previous"),
        (RESPONSES + ",Response Type,Stage Date (UTC),Tags", "typeform__responses", "current"),
        (BOUGHT, "third_party__attributes", None),
        (LINE, "weblogs__access", "common"),
        (f'{LINE} "-" "curl"', "weblogs__access", "combined"),
        (f'shop.example:443 {LINE} "-" "curl"', "weblogs__access", "vhost_combined"),
        (f'{LINE} "-" "curl" "1.2.3.4.1431857103"', "weblogs__access", "combined_cookie"),
        (f'{LINE} "sid=1; uid=2"', "weblogs__access", "common_cookie"),
        (W3C, "weblogs__cloudfront", "cloudfront"),
        (W3C.replace(" x-edge-request-id", ""), "weblogs__cloudfront", "w3c"),
    ],
)
def test_the_content_says_which_export_it_is(landing, content, name, variant):
    detection = landing.detect(content + "\n", "delivered")
    assert (name_of(detection), detection.variant) == (name, variant)


@pytest.mark.fault(31)
@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_another_delimiter_is_recognised(landing, delimiter):
    detection = landing.detect(CONTACT.replace(",", delimiter))
    assert (name_of(detection), detection.delimiter) == ("salesforce__contact", delimiter)


def test_a_file_name_tells_members_who_never_subscribed(landing):
    detection = landing.detect(MAILCHIMP, "nonsubscribed_email_audience_export_1a2b.csv")
    assert detection.variant == "nonsubscribed"


@pytest.mark.parametrize(
    ("questions", "rating", "email"),
    [
        (("How likely are you to recommend us?",), 1, None),
        (("Your corporate e-mail", "What is your strategy?", "Please rate us"), 3, 1),
        (("Overall rating", "How satisfied were you?", "email"), 1, 3),
        (("What could be better?",), None, None),
    ],
)
def test_a_survey_s_rating_and_e_mail_are_found_by_how_they_are_asked(
    landing, questions, rating, email
):
    asked = ",".join(questions)
    detection = landing.detect(f"#,{asked},Start Date (UTC),Submit Date (UTC),Network ID")
    found = detection.columns
    assert (found.get("rating"), found.get("email")) == (rating, email)


@pytest.mark.parametrize("label", ["Email", "E-Mail-Adresse", "Your email please"])
def test_mailchimps_first_label_with_email_is_the_e_mail(landing, label):
    header = MAILCHIMP.replace("Email Address", f'Shoe size,"{label}",Second email')
    assert landing.detect(header).columns["email_address"] == 1


def test_a_header_that_mailchimp_repeats_is_legal(landing):
    header = MAILCHIMP + ",UNSUB_TIME,UNSUB_CAMPAIGN_ID,UNSUB_REASON,UNSUB_CAMPAIGN_ID"
    detection = landing.detect(header)
    assert name_of(detection) == "mailchimp__members"
    assert [header for _, header in detection.extra] == ["UNSUB_CAMPAIGN_ID"]


@pytest.mark.parametrize(
    "content",
    [
        "Record ID,First Name,Last Name,Email,Phone Number,Job Title,Associated Company IDs",
        "Record ID,Company name,Website URL,Company owner,Create Date",
        "Email,Klaviyo ID,First Name,Last Name,Phone Number,Address,City,Country,Zip Code",
        "Respondent ID,Collector ID,Start Date,End Date,IP Address,Email Address,First Name",
        "email,email,email,phone,phone,fn,ln,zip,country",
        "Id,AccountId,ContactId,Roles,IsDirect,IsActive,StartDate,EndDate,IsDeleted",
        "Id,OwnerId,IsDeleted,Name,CreatedDate,Branch_City__c,Branch_Zip__c",
        OPPORTUNITY.upper() + ",ERROR",
        OPPORTUNITY.upper() + ",STATUS",
        LEAD.upper() + ",STATUS",
        '{"event":"Signed Up","properties":{"time":1,"distinct_id":"u"}}',
        '{"error":"rate limit","message":"try later"}',
        "just some words, and others\nmore words",
        "one line",
    ],
)
def test_what_is_none_of_ours_is_not_accepted(landing, content):
    detection = landing.detect(content + "\n")
    assert not detection.is_accepted
    assert detection.findings[0].remedy


def test_a_json_error_as_csv_is_called_one(landing):
    detection = landing.detect('{"error": "rate limit"}', "Contact.csv")
    assert detection.reason == "an error message in place of data"


@pytest.mark.fault(26)
def test_a_required_column_that_is_renamed_is_named(landing):
    detection = landing.detect(CONTACT.replace("LastName", "Surname"))
    assert (detection.nearest, detection.missing) == ("salesforce__contact", ("last_name",))
    assert detection.findings[0].expected == "LastName"


@pytest.mark.fault(26)
def test_an_optional_column_that_seems_renamed_is_never_silently_null(landing):
    detection = landing.detect(CONTACT.replace("MailingStreet", "MailingStreets"))
    assert detection.reason == "a column seems to be renamed"
    assert detection.missing == ("mailing_street",)


def test_a_custom_column_is_no_renamed_one(landing):
    detection = landing.detect(CONTACT + ",HomePhone2__c,Home_Phone__c")
    assert name_of(detection) == "salesforce__contact"


@pytest.mark.fault(25)
def test_a_column_added_is_reported(landing):
    detection = landing.detect(CONTACT + ",Loyalty Tier")
    assert ("warn", "Loyalty Tier") in [(one.severity, one.found) for one in detection.findings]


@pytest.mark.fault(27)
def test_an_optional_column_missing_is_reported(landing):
    missing = [
        one for one in landing.detect(CONTACT).findings if one.reason == "optional columns missing"
    ]
    assert "Birthdate" in missing[0].expected


@pytest.mark.fault(29)
@pytest.mark.parametrize("repeated", ["Email", "EMAIL", "Loyalty"])
def test_a_duplicate_header_sets_the_file_aside(landing, repeated):
    detection = landing.detect(f"{CONTACT},Loyalty,{repeated}")
    assert not detection.is_accepted
    assert detection.findings[0].reason == "duplicate header"


def test_ids_settle_which_salesforce_object_it_is(landing):
    detection = landing.detect("Id,LastName,Email,AccountId\n00Q000000000001AAA,Ng,a@b.c,\n")
    assert not detection.is_accepted
    assert detection.findings[0].reason == "ids of another object"


def test_the_nearest_export_is_named_without_quoting_the_file(landing):
    detection = landing.detect("Ana,Ng,ana@example.com\nBo,Li,bo@example.com\n")
    said = repr(detection.findings) + detection.reason
    assert "ana@example.com" not in said
