"""The house rules that a machine can hold: who imports whom, who reads whom, what is promised."""

from __future__ import annotations

import ast
import csv
import re
from pathlib import Path

import duckdb
import pytest

from dagster_project.settings import PROJECT
from dagster_project.sql_models import load_models

PACKAGES = ("connectors", "dagster_project", "simulator")
MODULES = sorted(
    path for package in PACKAGES for path in (PROJECT / package).rglob("*.py") if path.stat().st_size
)
ENGINE_ALLOWED = {"definitions.py", "assets.py", "cli.py"}

PROMISED = {
    "profiles": "profile_id first_name last_name email phone street city region postal_code country "
    "birth_on household_id first_seen_at last_seen_at source_record_count identity_confidence",
    "profile_records": "system export record_id profile_id linked_by match_probability",
    "visitors": "visitor_id system first_seen_at last_seen_at profile_id linked_by",
    "profile_attributes": "profile_id attribute value system export record_id observed_at is_winner "
    "rule",
    "links": "left_record right_record decision reason match_weight match_probability",
    "profile_changes": "changed_at run_id kind profile_id into_profile_id cause",
    "profile_redirects": "profile_id current_profile_id",
    "events": "event_id profile_id visitor_id occurred_at channel event_type system export record_id "
    "session_id amount currency properties",
    "orders": "order_id profile_id ordered_at status total currency",
    "order_lines": "order_id profile_id",
    "consents": "profile_id channel purpose status observed_at identifier evidence_record",
    "contact_consents": "profile_id channel purpose identifier status",
    "consent_ledger": "profile_id channel purpose identifier status observed_at evidence_record",
    "scores": "profile_id score value as_of model",
    "segments": "segment title owner description size definition_hash is_held",
    "segment_members": "segment profile_id entered_at",
    "segment_history": "segment profile_id change reason run_id as_of",
    "source_files": "path sha256 system export encoding delivered_at rows_read rows_accepted "
    "rows_quarantined status",
    "quarantine": "path row_number reason column_name",
    "quality_results": "run_id table_name check_name severity passed failing_rows observed",
    "runs": "run_id as_of started_at finished_at status code_version model_version",
}


def imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{name.name}" for name in node.names}
    return found


def named(path: Path) -> str:
    return str(path.relative_to(PROJECT))


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_only_the_thin_shell_imports_dagster(path):
    engine = {name for name in imports_of(path) if name.split(".")[0] == "dagster"}
    assert not engine or path.name in ENGINE_ALLOWED


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_connectors_and_simulator_know_nothing_of_the_rest(path):
    package = path.relative_to(PROJECT).parts[0]
    others = {name.split(".")[0] for name in imports_of(path)} & set(PACKAGES) - {package}
    allowed = {"connectors": set(), "simulator": set(), "dagster_project": {"connectors", "simulator"}}
    assert others <= allowed[package]
    if path.name != "cli.py":
        assert "simulator" not in others


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_nobody_imports_the_definitions_or_the_command_line(path):
    ends = {"dagster_project.definitions", "dagster_project.cli"}
    assert not imports_of(path) & ends or path.name == "cli.py"


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_every_module_says_what_belongs_in_it(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", sorted((PROJECT / "simulator").rglob("*.py")), ids=named)
def test_the_simulator_reads_nothing_of_the_matcher(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"dagster_project|nicknames\.sql|trained\.json", text)


@pytest.fixture(scope="module")
def published(sample_home):
    path = (sample_home / "warehouse/current/customers.duckdb").resolve()
    with duckdb.connect(str(path), read_only=True) as con:
        yield con


@pytest.mark.parametrize("table", PROMISED)
def test_what_is_promised_is_published(published, table):
    described = published.execute(f"describe main.{table}").fetchall()
    assert set(PROMISED[table].split()) <= {row[0] for row in described}


def test_every_published_table_and_column_carries_a_comment(published):
    bare = published.execute(
        """select schema_name, table_name, '' from duckdb_tables() where comment is null
        union all
        select schema_name, table_name, column_name from duckdb_columns()
        where comment is null and not internal and (schema_name, table_name) in
            (select (schema_name, table_name) from duckdb_tables())"""
    ).fetchall()
    assert bare == []


def test_the_published_file_is_in_a_format_that_older_readers_open(published):
    tags = published.execute("select tags['storage_version'] from duckdb_databases() "
                             "where not internal and database_name <> 'memory'").fetchall()
    assert tags[0][0].startswith("v1.3")


def test_times_are_timestamps_and_money_is_decimal(published):
    columns = published.execute(
        "select table_name, column_name, data_type from duckdb_columns() where schema_name = 'main'"
    ).fetchall()
    wrong = [c for c in columns if c[1].endswith("_at") and c[2] != "TIMESTAMP"]
    wrong += [c for c in columns if c[1] in ("total", "amount", "refunded", "net", "spend")
              and not c[2].startswith("DECIMAL")]
    dates = [c for c in columns if c[1].endswith("_on") and not c[1].startswith(("mw_", "level_"))]
    wrong += [c for c in dates if c[2] != "DATE"]
    wrong += [c for c in columns if c[1].startswith(("is_", "has_")) and c[2] != "BOOLEAN"]
    assert wrong == []


def test_quarantine_holds_no_value_of_any_cell(published):
    names = {row[0] for row in published.execute("describe main.quarantine").fetchall()}
    assert not names & {"raw_text", "value"}


def test_the_glossary_lists_no_column_that_is_not_published(published):
    """What nobody publishes any more goes from sql/columns.csv too."""
    columns = {row[0] for row in published.execute(
        "select column_name from duckdb_columns() union select table_name || '.' || column_name "
        "from duckdb_columns()").fetchall()}
    with (PROJECT / "sql/columns.csv").open(encoding="utf-8", newline="") as handle:
        listed = [row["column"] for row in csv.DictReader(handle)]
    assert [name for name in listed if name not in columns] == []


def test_every_model_has_a_test_that_names_it():
    """Rows in, rows out: a model that no test speaks of was never shown to be right."""
    told = "\n".join(path.read_text(encoding="utf-8") for path in (PROJECT / "tests").rglob("*.py"))
    silent = [
        model.table
        for model in load_models(PROJECT / "sql").values()
        if model.table not in told and f'"{model.name}"' not in told
    ]
    assert silent == []
