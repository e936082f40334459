"""How long reading takes, beside what DuckDB alone takes for the same file, in one run.

    python benchmarks/reading.py [megabytes of CSV] [lines of log]

Prints seconds and ratios for Salesforce contacts as CSV, with all columns of a full export and with
a quarter of them (against DuckDB's own COPY to Parquet; a part has all the contract's columns, so
those that were not delivered cost something too), and for a combined log with three malformed
lines in 10,000. The log is measured against DuckDB's count of its lines: `select count(*)` from
read_csv with one text column, a delimiter that never occurs, no quotes and no sniffing, which is
how lines are usually counted in DuckDB and the quickest way; the count of what read_text gives,
split at newlines, is printed too. The floor is DuckDB's bare COPY of the well-formed lines, without
hash, checks, counts or the contract's other columns. The files are generated, in a temporary
directory.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

import connectors
from connectors.delivery import preflight
from connectors.detect import detect
from connectors.reading import Reading, load_functions, read

# What the filled columns of a contact hold; the others of a full export are there, and blank.
_FILLED = {
    "Id": "'003Ec' || lpad(cast(i as varchar), 10, '0') || 'IAN'",
    "IsDeleted": "'0'",
    "AccountId": "'001Ec' || lpad(cast(i % 100000 as varchar), 10, '0') || 'IAD'",
    "LastName": "['García', 'Smith', 'O''Neil', 'Müller', 'Nguyen'][1 + i % 5]",
    "FirstName": "['Ana', 'John', 'Mary', 'Li', 'Zoë'][1 + i % 7 % 5]",
    "MailingStreet": "(hash(i) % 9999) || ' Main Street, Apt. ' || i % 99",
    "MailingCity": "'Springfield'",
    "MailingPostalCode": "lpad(cast(hash(i) % 99999 as varchar), 5, '0')",
    "Phone": "'+1 555 ' || i % 1000 || ' ' || hash(i) % 10000",
    "Email": "'person' || i || '@example.com'",
    "Birthdate": "case when i % 3 = 0 then '1980-02-03 00:00:00' end",
    "Description": "'says \"hello\"' || chr(10) || 'twice'",
    "OwnerId": "'005Ec000000000' || i % 10 || 'IAQ'",
    "HasOptedOutOfEmail": "'1'",
    "CreatedDate": "strftime(timestamp '2020-01-01' + to_seconds(i), '%Y-%m-%d %H:%M:%S')",
    "LastModifiedDate": "strftime(timestamp '2021-01-01' + to_seconds(i), '%Y-%m-%d %H:%M:%S')",
    "SystemModstamp": "strftime(timestamp '2021-01-01' + to_seconds(i), '%Y-%m-%d %H:%M:%S')",
    "External_id__c": "'crm_' || i",
}


def _csv_row(is_full: bool) -> str:
    if not is_full:
        return "select " + ", ".join(f"{sql} as {header}" for header, sql in _FILLED.items())
    headers = [column.header for column in connectors.contract("salesforce__contact").columns]
    headers = [one for one in (*headers, "External_id__c") if not one.endswith("Address")]
    return "select " + ", ".join(f"{_FILLED.get(one, 'null')} as {one}" for one in headers)


_LOG_LINE = r"""
    select case
        when i % 10007 = 7 then 'garbage'
        when i % 9973 = 9 then
            '10.0.0.1 - - [17/May/2015:10:05:03 +0000] "GET /cut HTTP/1.1" 200 1'
        when i % 10009 = 3 then
            '10.0.0.2 - - [17/May/2015:10:05:03 +0000] "GET /a HTTP/1.1" 200 1 "-" "left open'
        else concat(
            hash(i) % 256, '.', hash(i + 1) % 256, '.', hash(i + 2) % 256, '.', i % 256,
            strftime(timestamp '2015-05-17' + to_seconds(i // 20),
            ' - - [%d/%b/%Y:%H:%M:%S +0000]'),
            ' "GET /products/',
            hash(i) % 9999, '?ref=', i % 999, ' HTTP/1.1" 200 ', hash(i) % 99999,
            ' "http://example.com/blog/', i % 999,
            '" "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_9_1)',
            ' AppleWebKit/537.36 (KHTML, like Gecko) Chrome/32.0.', i % 2000,
            case when i % 100 = 0 then ' \"odd\"' else '' end, ' Safari/537.36"'
        )
    end as line
"""


def main() -> None:
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 350
    lines = int(sys.argv[2]) if len(sys.argv) > 2 else 5_000_000
    con = _connect()
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        _csv(con, root, megabytes, is_full=True)
        _csv(con, root, megabytes, is_full=False)
        _log(con, root, lines)


def _connect() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(
        config={
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "threads": 2,
        }
    )
    load_functions(con)
    return con


def _timed(label: str, run: Callable[[], object], *, times: int = 3) -> tuple[float, object]:
    """The shortest of several runs: what the work takes when the machine leaves it alone."""
    shortest, result = float("inf"), None
    for _ in range(times):
        start = time.perf_counter()
        result = run()
        shortest = min(shortest, time.perf_counter() - start)
    print(f"  {label:<44} {shortest:8.2f} s")
    return shortest, result


def _read(path: Path, root: Path, con: duckdb.DuckDBPyConnection) -> Reading:
    (member,) = preflight(path, root=root, scratch=root / "scratch").members
    return read(member, detect(member), part=root / "part.parquet", con=con)


def _csv(
    con: duckdb.DuckDBPyConnection, root: Path, megabytes: int, *, is_full: bool
) -> None:
    path = root / "Contact.csv"
    con.execute(
        f"copy ({_csv_row(is_full)} from range($rows) as numbers(i))"
        " to $path (header, delimiter ',')",
        {"rows": megabytes * 3_200, "path": str(path)},
    )
    columns = "all columns" if is_full else "a quarter of the columns"
    print(f"contacts, {columns}, {path.stat().st_size / 1e6:.0f} MB")
    bare, _ = _timed(
        "DuckDB: COPY (from read_csv) TO parquet",
        lambda: con.execute(
            "copy (from read_csv($path)) to $to (format parquet)",
            {"path": str(path), "to": str(root / "bare.parquet")},
        ).fetchall(),
    )
    ours, reading = _timed("ours: preflight, count, copy, checks", lambda: _read(path, root, con))
    print(f"  {reading.rows_read} rows, {reading.rows_quarantined} set aside")
    print(f"  ratio {ours / bare:.2f}\n")


def _log(con: duckdb.DuckDBPyConnection, root: Path, lines: int) -> None:
    path = root / "access.log"
    con.execute(
        f"copy ({_LOG_LINE} from range($rows) as numbers(i)) to $path"
        " (header false, delimiter '\x01', quote '', escape '')",
        {"rows": lines, "path": str(path)},
    )
    print(f"combined log, {path.stat().st_size / 1e6:.0f} MB")
    text = (
        "read_csv($path, columns = {'line': 'VARCHAR'}, auto_detect = false, header = false,"
        " delim = '\x01', quote = '', escape = '')"
    )
    count, _ = _timed(
        "DuckDB: count of the lines, read_csv",
        lambda: con.execute(f"select count(*) from {text}", {"path": str(path)}).fetchall(),
    )
    _timed(
        "DuckDB: the same with read_text",
        lambda: con.execute(
            "select len(content) - len(replace(content, chr(10), '')) from read_text($path)",
            {"path": str(path)},
        ).fetchall(),
        times=1,
    )
    ours, reading = _timed("ours: preflight, lines, copy, checks", lambda: _read(path, root, con))
    fitting = root / "fitting.log"
    con.execute(
        f"copy (select line from {text} where line like '%Safari/537.36\"')"
        " to $to (header false, delimiter '\x01', quote '', escape '')",
        {"path": str(path), "to": str(fitting)},
    )
    names = ", ".join(f"'c{at}': 'VARCHAR'" for at in range(10))
    bare, _ = _timed(
        "DuckDB: bare COPY of the well-formed lines",
        lambda: con.execute(
            f"copy (from read_csv($path, columns = {{{names}}}, auto_detect = false,"
            " header = false, delim = ' ', quote = '\"', escape = '\\'))"
            " to $to (format parquet, compression zstd)",
            {"path": str(fitting), "to": str(root / "bare.parquet")},
        ).fetchall(),
    )
    print(f"  {reading.rows_read} lines, {reading.rows_quarantined} set aside")
    print(f"  ratio to the count {ours / count:.2f}, to the bare COPY {ours / bare:.2f}")


if __name__ == "__main__":
    main()
