"""Delivered bytes in; rows of the part, and what was set aside, out."""

import csv
import io
import json
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.delivery import preflight
from connectors.detect import detect
from connectors.reading import read
from connectors.records import LONGEST_RECORD, count_csv_records

HEADER = "Id,LastName,Email,AccountId,IsDeleted,CreatedDate,Birthdate,Description\n"
LOG = '1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5 "-" "curl/8"'


def contact(number, *, name="Ng", created="2024-01-23T02:21:49.000+0000", description=""):
    key = f"003{number:012}AAA"
    return f"{key},{name},a@example.com,,false,{created},,{description}\n"


def sums_hold(reading):
    named = set(reading.quarantine["row_number"].to_pylist())
    assert reading.rows_read == reading.rows_accepted + reading.rows_quarantined
    assert reading.rows_quarantined == len(named)
    assert named <= set(range(1, reading.rows_read + 1))


def test_a_cell_is_kept_as_it_was_written(landing):
    text = HEADER + contact(1, name="'t Hooft", description='" two\nlines, ""quoted"" "')
    reading = landing.read(text)
    assert landing.rows(reading, "last_name, description, account_id") == [
        ("'t Hooft", ' two\nlines, "quoted" ', None)
    ]


def test_empty_and_nothing_are_told_apart(landing):
    reading = landing.read(HEADER + contact(1, description='""') + contact(2))
    assert landing.rows(reading, "description") == [("",), (None,)]


def test_empty_and_nothing_are_told_apart_the_exact_way_too(landing):
    text = HEADER + contact(1, description='""') + contact(2) + "cut\n"
    reading = landing.read(text)
    assert reading.is_exact
    assert landing.rows(reading, "description") == [("",), (None,), (None,)]


def test_a_row_says_where_it_came_from(landing):
    reading = landing.read(HEADER + contact(1), "salesforce/2026-03-01/Contact.csv")
    ((variant, file, delivered),) = landing.rows(reading, "_variant, _file, _delivered_at::text")
    assert (variant, len(file), delivered) == ("api_names", 16, "2026-03-01 00:00:00")


@pytest.mark.fault(28)
def test_columns_in_another_order_give_the_same_rows(landing):
    columns = "id, last_name, email"
    first = landing.read("Id,LastName,Email,AccountId\n003000000000001AAA,Ng,a@b.c,\n")
    expected = landing.rows(first, columns)
    second = landing.read("Email,AccountId,Id,LastName\na@b.c,,003000000000001AAA,Ng\n")
    assert landing.rows(second, columns) == expected


def test_custom_columns_are_kept(landing):
    text = "Id,LastName,Email,AccountId,O'Neil__c,Tier__c\n003000000000001AAA,Ng,a@b.c,,x,\n"
    ((extra,),) = landing.rows(landing.read(text), "_extra")
    assert json.loads(extra) == {"O'Neil__c": "x"}


def test_the_apostrophe_guard_is_taken_off_for_vendors_that_write_it(landing):
    text = (
        "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Phone,Total Spent,"
        "Total Orders\n'7210,Ana,'t Hooft,a@b.c,yes,'+57300,1.00,1\n"
    )
    assert landing.rows(landing.read(text), "customer_id, last_name, phone") == [
        ("7210", "'t Hooft", "+57300")
    ]


@pytest.mark.fault(31, 33)
@pytest.mark.parametrize(
    ("delimiter", "line_end", "encoding"),
    [
        (";", "\n", "utf-8"),
        ("\t", "\r\n", "utf-8-sig"),
        (",", "\r", "utf-8"),
        (",", "\n", "cp1252"),
        ("\t", "\r\n", "utf-16"),
        (",", "\n", "utf-16-be"),
    ],
)
def test_dialects_give_the_same_rows(landing, delimiter, line_end, encoding):
    text = "Id,LastName,Email,AccountId\n003000000000001AAA,Müller,a@b.c,\n"
    text = text.replace(",", delimiter).replace("\n", line_end)
    reading = landing.read(text.encode(encoding))
    assert landing.rows(reading, "last_name, email, account_id") == [("Müller", "a@b.c", None)]


def test_mixed_line_ends_are_normalised(landing):
    text = HEADER + contact(1) + contact(2).replace("\n", "\r\n") + contact(3)
    reading = landing.read(text)
    assert (reading.rows_read, reading.rows_accepted) == (3, 3)


def test_a_header_alone_is_no_rows_and_a_warning(landing):
    reading = landing.read(HEADER)
    assert reading.rows_read == 0
    assert [one.reason for one in reading.warnings] == ["no records"]


def test_blank_lines_are_no_records(landing):
    reading = landing.read(HEADER + "\n" + contact(1) + "\n\n" + contact(2) + "\n")
    assert (reading.rows_read, reading.rows_accepted) == (2, 2)


@pytest.mark.fault(21)
def test_a_row_cut_in_the_middle_is_set_aside(landing, reasons):
    reading = landing.read(HEADER + contact(1) + contact(2)[:30])
    assert reasons(reading) == [(2, None, "wrong number of fields")]
    sums_hold(reading)


def test_what_could_not_be_cut_is_kept_as_it_stood(landing):
    reading = landing.read(HEADER + "a,b\n")
    assert reading.quarantine["raw_text"].to_pylist() == ["a,b\n"]


@pytest.mark.fault(36)
def test_an_unbalanced_quote_costs_one_record(landing, reasons):
    text = HEADER + contact(1) + contact(2, description='"left open') + contact(3) + contact(4)
    reading = landing.read(text)
    assert reasons(reading) == [(2, None, "broken quoting")]
    assert (reading.rows_read, reading.rows_accepted) == (4, 3)
    sums_hold(reading)


def test_a_quote_that_closes_in_a_later_record_costs_no_record_between(landing, reasons):
    text = (
        HEADER
        + contact(1, description='"left open')
        + contact(2)
        + contact(3, description='"whole"')
    )
    reading = landing.read(text)
    assert reasons(reading) == [(1, None, "broken quoting")]
    assert (reading.rows_read, reading.rows_accepted) == (3, 2)


@pytest.mark.fault(35)
def test_a_line_of_40_mb_is_set_aside(landing, reasons):
    text = HEADER + contact(1) + contact(2, description="x" * 40_000_000) + contact(3)
    reading = landing.read(text)
    assert [row for row, _, _ in reasons(reading)] == [2]
    assert (reading.rows_read, reading.rows_accepted) == (3, 2)


@pytest.mark.fault(35)
def test_a_last_line_of_40_mb_is_not_lost(landing):
    reading = landing.read(HEADER + contact(1) + "y" * 40_000_000)
    assert (reading.rows_read, reading.rows_quarantined) == (2, 1)


def test_rows_with_nul_bytes_are_set_aside(landing, reasons):
    reading = landing.read(HEADER + contact(1) + contact(2, name="N\0g") + contact(3))
    assert (2, None, "NUL bytes") in reasons(reading)
    assert reading.rows_accepted == 2


@pytest.mark.fault(32)
def test_rows_in_another_encoding_are_set_aside(landing, reasons):
    text = (HEADER + contact(1, name="José") + contact(2, name="Zoë")).encode()
    reading = landing.read(text + contact(3, name="José").encode("latin-1"))
    assert (3, None, "undecodable bytes") in reasons(reading)
    assert landing.rows(reading, "last_name") == [("José",), ("Zoë",), (None,)]


def test_a_type_that_changed_sets_rows_aside_and_shows_the_shape_only(landing):
    reading = landing.read(HEADER + contact(1) + contact(2, created="23.01.2024 Secret"))
    (entry,) = reading.quarantine.to_pylist()
    assert (entry["row_number"], entry["column_name"]) == (2, "created_date")
    assert entry["found"] == "99.99.9999 Aaaaaa"
    assert reading.rows_accepted == 1


def test_every_violation_of_a_row_is_told_and_the_row_counted_once(landing, reasons):
    reading = landing.read(HEADER + "x,Ng,a@b.c,y,maybe,2024-01-01,,\n")
    assert {column for _, column, _ in reasons(reading)} == {"id", "account_id", "is_deleted"}
    assert reading.rows_quarantined == 1


@pytest.mark.parametrize("key", ["", " ", "000000000000000AAA"])
def test_a_row_without_its_key_is_set_aside(landing, reasons, key):
    reading = landing.read(HEADER + f"{key},Ng,a@b.c,,,,,\n" + contact(2))
    assert reasons(reading) == [(1, "id", "key missing")]


def test_a_customer_of_the_old_kind_needs_something_to_be_known_by(landing, reasons):
    header = "First Name,Last Name,Email,Accepts Marketing,Phone,Total Spent,Total Orders\n"
    reading = landing.read(header + ",,,no,,0,0\nAna,,,no,,0,0\n")
    assert reasons(reading) == [(1, "email", "key missing")]


@pytest.mark.parametrize(
    ("deleted", "created", "account"),
    [
        ("0", "2022-12-21 14:27:52", "000000000000000AAA"),
        ("false", "2006-04-15T03:23:15.000Z", ""),
        ("", "2024-01-23T02:21:49.000+0000", "001000000000001"),
        ("FALSE", "02/23/26 08:55 PM", "001000000000001AAA"),
    ],
)
def test_every_dialect_of_salesforce_is_accepted(landing, deleted, created, account):
    row = f"003000000000001AAA,Ng,a@b.c,{account},{deleted},{created},,\n"
    reading = landing.read(HEADER + row)
    assert (reading.rows_read, reading.rows_accepted) == (1, 1)
    assert landing.rows(reading, "coalesce(account_id, ''), created_date") == [(account, created)]


def test_a_spreadsheets_traces_are_warned_of(landing):
    row = "003000000000001AAA,Ng,a@b.c,,FALSE,02/23/26 08:55 PM,,\n"
    (warning,) = landing.read(HEADER + row).warnings
    assert warning.reason == "saved by a spreadsheet, it seems"


def test_repeated_keys_are_warned_of(landing):
    (warning,) = landing.read(HEADER + contact(1) + contact(1)).warnings
    assert warning.reason == "repeated keys"


def test_the_period_is_that_of_the_records(landing):
    text = HEADER + contact(1, created="2024-01-02 00:00:00") + contact(2, created="2024-01-01")
    first, last = landing.read(text).period
    assert (str(first), str(last)) == ("2024-01-01 00:00:00", "2024-01-02 00:00:00")


@pytest.mark.fault(43)
@pytest.mark.parametrize(
    "hostile", ["=cmd|' /C calc'!A0", "'; drop table part; --", "<script>alert(1)</script>", "../x"]
)
def test_hostile_values_and_names_are_only_text(landing, hostile):
    name = hostile.replace("/", "_") + "/d[1].csv"
    text = f"Id,LastName,Email,AccountId,{hostile}\n003000000000001AAA,{hostile},a@b.c,,{hostile}\n"
    reading = landing.read(text, name)
    ((last_name, extra),) = landing.rows(reading, "last_name, _extra")
    assert (last_name, json.loads(extra)) == (hostile, {hostile: hostile})


def test_a_folder_named_like_a_column_changes_nothing(landing):
    reading = landing.read(HEADER + contact(1), "last_name=Evil/Contact.csv")
    assert landing.rows(reading, "last_name") == [("Ng",)]


EVENT = {"sg_event_id": "a", "email": "a@b.c", "timestamp": 1513299569, "event": "open"}


@pytest.mark.parametrize(
    "form",
    [
        lambda events: "\n".join(map(json.dumps, events)),
        lambda events: json.dumps(events),
        lambda events: json.dumps(events, indent=2),
        lambda events: "\n".join(json.dumps([event]) for event in events),
        lambda events: "\r\n".join(map(json.dumps, events)) + "\r\n",
    ],
    ids=["lines", "array", "pretty", "arrays", "crlf"],
)
def test_events_are_the_same_in_every_form_of_json(landing, form):
    events = [
        EVENT | {"category": ["a", "b"], "smtp-id": "<1>"},
        EVENT | {"sg_event_id": "b", "category": "ünï", "campaign": "x"},
    ]
    reading = landing.read(form(events), "events.json")
    columns = """sg_event_id, timestamp, replace(category, ' ', ''), smtp_id, _extra,
        occurred_on::text"""
    assert landing.rows(reading, columns) == [
        ("a", "1513299569", '["a","b"]', "<1>", None, "2017-12-15"),
        ("b", "1513299569", "ünï", None, '{"campaign":"x"}', "2017-12-15"),
    ]


@pytest.mark.parametrize("bad", ['{"sg_event_id": "x", "em', "[1, 2", "nonsense", "\0"])
def test_a_line_that_is_no_object_is_set_aside(landing, bad):
    line = json.dumps(EVENT)
    reading = landing.read(f"{line}\n{bad}\n{line}\n", "events.json")
    assert reading.rows_accepted == 2
    assert reading.rows_quarantined >= 1
    sums_hold(reading)


def test_an_array_cut_off_gives_what_came_before(landing, reasons):
    text = json.dumps([EVENT, EVENT, EVENT], indent=1)[:-60]
    reading = landing.read(text, "events.json")
    assert reasons(reading) == [(3, None, "not a JSON object")]


def test_a_time_that_is_none_is_set_aside(landing, reasons):
    text = json.dumps(EVENT) + "\n" + json.dumps(EVENT | {"timestamp": "yesterday"})
    assert reasons(landing.read(text, "e.json")) == [(2, "timestamp", "unreadable value")]


def test_a_log_line_is_cut_into_its_fields(landing):
    line = LOG.replace("GET /", r"GET /\"q\"\x16").replace("1.2.3.4 - -", "1.2.3.4 - Ana")
    reading = landing.read(line + "\n", "access.log")
    columns = "remote_host, remote_user, time_text, request, status, referer, occurred_on::text"
    assert landing.rows(reading, columns) == [
        (
            "1.2.3.4",
            "Ana",
            "17/May/2015:10:05:03 +0000",
            r'GET /"q"\x16 HTTP/1.1',
            "200",
            "-",
            "2015-05-17",
        )
    ]


@pytest.mark.parametrize(
    ("line", "vhost", "cookie"),
    [
        (LOG, None, None),
        (LOG.removesuffix(' "-" "curl/8"'), None, None),
        (f"shop.example {LOG}", "shop.example", None),
        (f"shop.example:443 {LOG}", "shop.example:443", None),
        (f'{LOG} "uid=1; sid=\\"2\\""', None, 'uid=1; sid="2"'),
    ],
)
def test_variations_of_the_format(landing, line, vhost, cookie):
    reading = landing.read(f"{line}\n{line}\n", "access.log")
    assert reading.rows_accepted == 2
    assert landing.rows(reading, "vhost, cookie, remote_host, status")[0] == (
        vhost,
        cookie,
        "1.2.3.4",
        "200",
    )


@pytest.mark.fault(34)
@pytest.mark.parametrize(
    "line",
    [
        "garbage",
        "",
        LOG[:-5],
        LOG[:40],
        LOG.replace("May", "Foo"),
        LOG.replace(" 200 ", " ok "),
        "x" * (LONGEST_RECORD + 1),
        LOG.replace("GET", "G\0T"),
    ],
    ids=["garbage", "blank", "open quote", "cut", "no month", "no status", "long", "nul"],
)
def test_a_malformed_log_line_is_set_aside_with_its_number(landing, reasons, line):
    reading = landing.read(f"{LOG}\n{LOG}\n{line}\n{LOG}\n", "access.log")
    assert (reading.rows_read, reading.rows_accepted) == (4, 3)
    assert {number for number, _, _ in reasons(reading)} == {3}


@pytest.mark.parametrize(
    "line",
    [
        LOG.replace("- -", "- Ana Ng"),
        LOG.replace("GET /", 'GET /"q"'),
        LOG.removesuffix(' "-" "curl/8"'),
        LOG.replace("GET /", "GET /caf\u00e9"),
        LOG + "\r",
    ],
)
def test_an_odd_log_line_is_read_the_slow_way(landing, line):
    reading = landing.read(f"{LOG}\n{line}\n{LOG}\n", "access.log")
    assert (reading.rows_read, reading.rows_accepted) == (3, 3)


def test_a_log_line_in_another_encoding_is_set_aside(landing, reasons):
    good = LOG.replace("GET /", "GET /é").encode()
    bad = LOG.replace("GET /", "GET /é").encode("latin-1")
    reading = landing.read(b"\n".join([good, good, bad, good, b""]), "access.log")
    assert reasons(reading) == [(3, None, "undecodable bytes")]


def test_a_w3c_log_is_read_by_its_field_names_even_if_they_change(landing, reasons):
    text = (
        "#Version: 1.0\n#Fields: date time c-ip cs-uri-stem sc-status cs(User-Agent)\n"
        "2014-05-23\t01:13:11\t1.2.3.4\t/a\t200\tMozilla%2520X\n"
        "#Fields: date time sc-status cs-uri-stem c-ip s-port\n"
        "2014-05-23\t01:13:12\t404\t/b\t5.6.7.8\t80\n"
        "2014-05-23\tcut\n"
    )
    reading = landing.read(text, "E1.2014-05-23-01.log")
    columns = "c_ip, sc_status, cs_user_agent, _extra, occurred_on::text"
    assert landing.rows(reading, columns)[:2] == [
        ("1.2.3.4", "200", "Mozilla%2520X", None, "2014-05-23"),
        ("5.6.7.8", "404", None, '{"s-port":"80"}', "2014-05-23"),
    ]
    assert reasons(reading) == [(3, None, "wrong number of fields")]


CELLS = st.text(st.sampled_from('ab1é ,;"\n\r\t\''), max_size=6)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=8),
    line_end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_random_csv_is_counted_as_pythons_reader_counts_it(
    tmp_path_factory, con, rows, line_end, quoting
):
    root = tmp_path_factory.mktemp("landing")
    file = io.StringIO()
    writer = csv.writer(file, lineterminator=line_end, quoting=quoting)
    writer.writerow(["Id", "LastName", "Email", "AccountId"])
    writer.writerows([f"003{at:012}AAA", *row] for at, row in enumerate(rows))
    (root / "Contact.csv").write_text(file.getvalue(), encoding="utf-8", newline="")
    (member,) = preflight(root / "Contact.csv", root=root, scratch=root / "scratch").members
    reading = read(member, detect(member), part=root / "part.parquet", con=con)
    # A return that the writer left unquoted ends a record, for Python's reader as for ours.
    records = [row for row in csv.reader(io.StringIO(file.getvalue(), newline="")) if row][1:]
    sums_hold(reading)
    assert reading.rows_read == len(records)
    kept = con.execute("select last_name, email from read_parquet(?)", [str(reading.part)])
    assert [(name or "", email or "") for name, email in kept.fetchall()] == [
        (row[1], row[2]) if len(row) == 4 else ("", "") for row in records
    ]


@settings(max_examples=100, deadline=None)
@given(text=st.text(st.sampled_from('ab,"\n\r'), max_size=40))
def test_whatever_the_text_the_sums_hold(tmp_path_factory, con, text):
    root = tmp_path_factory.mktemp("landing")
    content = "Id,LastName,Email,AccountId\n" + text
    (root / "Contact.csv").write_text(content, encoding="utf-8", newline="")
    (member,) = preflight(root / "Contact.csv", root=root, scratch=root / "scratch").members
    reading = read(member, detect(member), part=root / "part.parquet", con=con)
    sums_hold(reading)
    assert reading.rows_accepted == 0


@settings(max_examples=100, deadline=None)
@given(rows=st.lists(st.lists(CELLS, min_size=2, max_size=3), max_size=20))
def test_the_fast_count_is_that_of_pythons_reader(tmp_path_factory, rows):
    file = io.StringIO()
    csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    path = tmp_path_factory.mktemp("text") / "a.csv"
    path.write_text(file.getvalue(), encoding="utf-8", newline="")
    assert count_csv_records(path) == len(rows)


def test_a_log_with_control_characters_is_read_the_slow_way(landing):
    line = LOG.replace("GET /", "GET /\x01")
    reading = landing.read(f"{LOG}\n{line}\n", "access.log")
    assert (reading.rows_read, reading.rows_accepted) == (2, 2)


def test_events_with_control_characters_do_not_stop_the_reading(landing, reasons):
    text = json.dumps(EVENT) + '\n{"sg_event_id":"\x01"}\n' + json.dumps(EVENT) + "\n"
    reading = landing.read(text, "events.json")
    assert {number for number, _, _ in reasons(reading)} == {2}
    assert (reading.rows_read, reading.rows_accepted) == (3, 2)


HARD_EVENTS = [
    EVENT | {"category": ["a", 'q"\\ \u2028'], "campaign": "ünï \U0001f600 \n\t/"},
    EVENT | {"pool": {"id": [1, {"x": None}]}, "big": 12345678901234567890123, "f": 1.5},
    EVENT | {"attempt": 3, "tls": True, "reason": None, "empty": "", "nothing": None, "list": []},
]


@pytest.mark.parametrize("ascii_only", [True, False])
def test_an_array_gives_the_same_the_fast_way_and_the_exact_way(landing, ascii_only):
    lines = [json.dumps(event, ensure_ascii=ascii_only) for event in HARD_EVENTS]
    lines.append('{"email":"a@b.c","event":"x","event":"y","sg_event_id":"d","timestamp":1}')
    array = "[" + ",\n".join(lines) + "]"
    fast = landing.read(array, "events.json")
    columns = "* exclude (_file, _delivered_at)"
    fast_rows = landing.rows(fast, columns)
    # A byte order mark is one of the doubts in which the exact way is taken.
    exact = landing.read("\ufeff" + array, "events.json")
    assert (fast.is_exact, exact.is_exact) == (False, True)
    assert landing.rows(exact, columns) == fast_rows


def test_an_array_whose_events_name_their_key_twice_is_read_the_exact_way(landing):
    nested = EVENT | {"inner": {"sg_event_id": "z"}}
    reading = landing.read(json.dumps([EVENT, nested]), "events.json")
    assert (reading.is_exact, reading.rows_accepted) == (True, 2)


@pytest.mark.parametrize("piece", [100, 1_000])
def test_lines_keep_their_numbers_whatever_the_pieces(landing, reasons, monkeypatch, piece):
    monkeypatch.setattr("connectors.reading._PIECE", piece)
    lines = [LOG.replace("GET /", f"GET /{number}") for number in range(1, 41)]
    lines[6], lines[19], lines[20] = "garbage", LOG[:-3], LOG.replace("curl", r"c\x16")
    reading = landing.read("\n".join(lines), "access.log")
    assert [number for number, _, _ in reasons(reading)] == [7, 20]
    requests = landing.rows(reading, "split_part(request, ' ', 2), user_agent")
    assert requests[39] == ("/40", "curl/8")
    assert (reading.rows_read, requests[20][1]) == (40, r"c\x16/8")


@pytest.mark.parametrize(
    "call",
    [
        {"messageId": "m", "anonymousId": "a", "userId": "u"},
        {"message_id": "m", "anonymous_id": "a", "user_id": "u"},
    ],
    ids=["camelCase", "snake_case"],
)
def test_both_spellings_of_a_segment_field_are_read_and_nothing_is_kept_twice(landing, call):
    call |= {"type": "track", "timestamp": "2026-05-01T10:00:00.250Z", "rudderId": "r"}
    reading = landing.read(json.dumps(call) + "\n" + json.dumps(call | {"type": "page"}))
    (row, _) = landing.rows(reading, "message_id, anonymous_id, user_id, occurred_on, _extra")
    assert row == ("m", "a", "u", date(2026, 5, 1), '{"rudderId":"r"}')


def test_a_segment_call_without_a_time_is_set_aside(landing, reasons):
    call = {"messageId": "m", "type": "track", "timestamp": "2026-05-01T10:00:00Z"}
    timeless = {"messageId": "n", "type": "track"}
    reading = landing.read(json.dumps(call) + "\n" + json.dumps(timeless))
    assert reasons(reading) == [(2, "timestamp", "value missing")]


def test_what_a_survey_asks_besides_is_kept_beside_and_the_rest_is_named(landing):
    reading = landing.read(
        '#,"How likely are you to come back, to us?",Why?,email,Start Date (UTC),'
        "Submit Date (UTC),Network ID\n"
        "t1,9,the rugs,ada@example.com,2026-05-01 10:00:00,2026-05-01 10:02:00,ab\n"
    )
    columns = "record_key, rating, email, _extra"
    assert landing.rows(reading, columns) == [
        ("typeform:responses:t1", "9", "ada@example.com", '{"Why?":"the rugs"}')
    ]


def test_a_bought_value_needs_its_person_its_day_and_itself(landing, reasons):
    reading = landing.read(
        "provider,email,attribute,value,obtained_on,valid_until\n"
        "acme,a@b.co,income_band,3,2026-05-01,\n"
        "acme,,income_band,3,2026-05-01,\n"
        "acme,a@b.co,income_band,,2026-05-01,\n"
        "acme,a@b.co,income_band,3,,2026-12-31\n"
        "acme,a@b.co,income_band,3,2026-05-01,some day\n"
    )
    assert reasons(reading) == [
        (2, "email", "key missing"),
        (3, "value", "value missing"),
        (4, "obtained_on", "key missing"),
        (5, "valid_until", "unreadable value"),
    ]


def test_one_provider_s_value_of_one_person_has_one_key_however_spelt(landing):
    reading = landing.read(
        "provider,email,attribute,value,obtained_on,valid_until\n"
        "Acme,A@b.co ,Income_Band,3,2026-05-01,\n"
        "acme,a@b.co,income_band,4,2026-05-02,\n"
        "other,a@b.co,income_band,4,2026-05-02,\n"
    )
    keys = [key for (key,) in landing.rows(reading, "record_key")]
    assert keys[0] == keys[1] != keys[2]
    assert "a@b.co" not in keys[0]
