"""What Dagster shows: the whole graph, described; a failed blocking check publishes nothing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import dagster as dg
import pytest
from support import SAMPLE, SAMPLE_AS_OF

from dagster_project import settings as settings_module
from dagster_project.definitions import build_defs
from dagster_project.settings import PROJECT, Settings, load_settings


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    place = tmp_path_factory.mktemp("defs")
    (place / "exports").mkdir()
    return Settings(exports=place / "exports", home=place / "home")


@pytest.fixture(scope="module")
def graph(settings):
    return build_defs(settings).resolve_asset_graph()


def test_every_asset_is_described_owned_and_keyed_by_layer_and_model(graph):
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert len(key.path) == 2
        assert node.description and node.owners, key


def test_every_input_of_an_asset_is_an_asset_that_is_made(graph):
    for key in graph.get_all_asset_keys():
        assert graph.get(key).is_materializable, key


def test_every_sql_file_is_an_asset(graph):
    files = {
        dg.AssetKey([path.parent.name, path.stem])
        for path in (PROJECT / "sql").glob("*/*.sql")
        if path.name.count(".") == 1
    }
    assert files <= set(graph.get_all_asset_keys())


def test_the_nightly_schedule_is_at_two_in_the_zone_of_the_settings(settings):
    there = Settings(exports=settings.exports, home=settings.home, timezone="Europe/Paris")
    schedule = build_defs(there).resolve_schedule_def("nightly")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 2 * * *", "Europe/Paris")


@pytest.mark.fault(18)
def test_the_sensor_waits_until_files_are_left_alone_and_asks_once(tmp_path):
    exports = tmp_path / "exports"
    exports.mkdir()
    sensor = build_defs(Settings(exports=exports, home=tmp_path / "h")).resolve_sensor_def("new_exports")
    context = dg.build_sensor_context()

    def looked() -> str:
        result = sensor(context)
        return "run" if isinstance(result, dg.RunRequest) else result.skip_message

    assert "nothing lies in" in looked()
    (exports / "Contact.csv").write_text("Id\n")
    assert looked() == "files are still arriving"
    assert looked() == "run"
    assert looked() == "nothing new has landed"


def executed(settings: Settings, **chosen) -> dg.ExecuteInProcessResult:
    """The nightly job as Dagster runs it, to its end."""
    with dg.DagsterInstance.ephemeral() as instance:
        return build_defs(settings).resolve_job_def("nightly").execute_in_process(
            instance=instance,
            raise_on_error=False,
            run_config={
                "resources": {"run": {"config": {"as_of": SAMPLE_AS_OF.isoformat()}}},
                "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
            },
            **chosen,
        )


@pytest.fixture
def sample(sample_home, tmp_path) -> Settings:
    """A copy of the sample's home, with the keys beside it, to run on."""
    place = shutil.copytree(sample_home.parent, tmp_path / "sample", symlinks=True)
    return load_settings(
        directory=PROJECT, environment={}, exports=SAMPLE / "exports", home=place / sample_home.name
    )


def test_what_was_made_without_dagster_is_current_to_its_job(sample):
    result = executed(sample)
    assert result.success
    made = [event.materialization for event in result.get_asset_materialization_events()]
    outcomes = {one.metadata["outcome"].value for one in made if "outcome" in one.metadata}
    assert outcomes == {"unchanged"} and len(made) > 300


def test_a_failed_blocking_check_publishes_nothing(sample, tmp_path, monkeypatch):
    project = tmp_path / "project"
    shutil.copytree(PROJECT / "sql", project / "sql")
    (project / "sql/golden/profiles.nobody_lives_in_france.check.sql").write_text(
        "select profile_id from golden.profiles where country = 'FR'", encoding="utf-8"
    )
    before = os.readlink(sample.warehouse / "current")
    monkeypatch.setattr(settings_module, "PROJECT", project)
    result = executed(sample)
    assert not result.success
    failed = [one for one in result.get_asset_check_evaluations() if not one.passed]
    assert [check.check_name for check in failed] == ["nobody_lives_in_france"]
    assert os.readlink(sample.warehouse / "current") == before


def test_a_materialisation_tells_rows_columns_lineage_and_checks(sample):
    shutil.rmtree(sample.lake / "golden" / "profiles")
    result = executed(sample, asset_selection=[dg.AssetKey(["golden", "profiles"])])
    (made,) = result.asset_materializations_for_node("golden__profiles")
    metadata = made.metadata
    assert metadata["dagster/row_count"].value > 200
    schema = metadata["dagster/column_schema"].value
    assert "identity_confidence" in [column.name for column in schema.columns]
    lineage = metadata["dagster/column_lineage"].value.deps_by_column
    assert dg.TableColumnDep(dg.AssetKey(["golden", "profile_attributes"]), "value") in lineage["email"]
    checks = {e.check_name for e in result.get_asset_check_evaluations()
              if e.asset_key == dg.AssetKey(["golden", "profiles"])}
    assert checks == {"key_is_unique_and_complete", "every_record_counts_once"}


def test_the_workspace_file_loads_the_location(tmp_path):
    import yaml

    workspace = yaml.safe_load(Path(PROJECT / "workspace.yaml").read_text(encoding="utf-8"))
    (location,) = workspace["load_from"]
    assert location["python_module"] == {
        "module_name": "dagster_project.definitions",
        "working_directory": ".",
    }
