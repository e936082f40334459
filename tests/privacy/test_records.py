"""The record of processing says what contracts, classes and settings say; the page has every command."""

from __future__ import annotations

from click.testing import CliRunner

import connectors
from dagster_project.catalog import load_catalog
from dagster_project.cli import main
from dagster_project.glossary import CLASSES
from dagster_project.nightly import read_processing
from dagster_project.privacy.commands import privacy
from dagster_project.privacy.records import KEPT
from dagster_project.settings import PROJECT, Retention, load_settings


def settings_of(home):
    return load_settings(directory=PROJECT, environment={}, home=home)


def test_every_export_class_rule_and_segment_is_in_the_record(sample_home):
    settings = settings_of(sample_home)
    catalog = load_catalog(settings)
    text = read_processing(settings, catalog)
    for contract in connectors.contracts():
        assert f"| {contract.system} {contract.export} |" in text
    for name in CLASSES:
        assert f"| `{name}` |" in text
    segments = [name.partition(".")[2] for name in catalog if name.startswith("segments.")]
    assert [one for one in segments if f"| `{one}` |" not in text] == []
    assert set(KEPT) == set(Retention.__dataclass_fields__)
    assert [words for words in KEPT.values() if words not in text] == []


def test_it_names_no_person(sample_home):
    settings = settings_of(sample_home)
    assert "@" not in read_processing(settings, load_catalog(settings))


def test_it_is_written_with_every_publish_and_by_command(sample_home, tmp_path):
    settings = settings_of(sample_home)
    written = (sample_home / "reports" / "record_of_processing.md").read_text(encoding="utf-8")
    assert written == read_processing(settings, load_catalog(settings))
    out = tmp_path / "record.md"
    asked = ["privacy", "records", "--home", str(sample_home), "--out", str(out)]
    found = CliRunner().invoke(main, asked)
    assert found.exit_code == 0, found.output
    assert out.read_text(encoding="utf-8") == written


def test_the_page_for_privacy_officers_names_every_command():
    page = (PROJECT / "docs" / "privacy.md").read_text(encoding="utf-8")
    assert [name for name in privacy.commands if f"cdp privacy {name}" not in page] == []
