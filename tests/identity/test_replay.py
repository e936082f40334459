"""A sample of components is computed again from raw every night, and a part made wrongly is found."""

from __future__ import annotations

import shutil

import pytest
from support import SAMPLE, SAMPLE_AS_OF

from dagster_project.catalog import load_catalog
from dagster_project.identity.replay import ReplayError, replay
from dagster_project.lake import write_parquet
from dagster_project.run import open_run
from dagster_project.settings import PROJECT, load_settings


@pytest.fixture
def opened(sample_home, tmp_path):
    copy = shutil.copytree(sample_home, tmp_path / "home", symlinks=True)
    settings = load_settings(
        directory=PROJECT, environment={}, exports=SAMPLE / "exports", home=copy
    )
    with open_run(settings, as_of=SAMPLE_AS_OF) as run:
        yield run, load_catalog(settings)


def test_what_was_made_is_found_again_from_raw(opened):
    run, catalog = opened
    replayed = replay(run, catalog)
    assert replayed.records > 3
    assert {"staging.salesforce__contact", "identity.exact_links", "identity.links"} <= {
        *replayed.tables
    }


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("standard.person_records", "replace (coalesce(last_name, '') || 'x' as last_name)"),
        ("identity.comparison_records", "replace ('x' as city)"),
        ("identity.clusters", "replace ('x' as cluster)"),
        ("identity.links", "replace (0.5 as match_probability)"),
    ],
)
def test_a_part_made_wrongly_fails_the_run(opened, table, change):
    run, catalog = opened
    before = run.lake.manifest(table)
    with run.lake.staging(table) as place:
        wrong = place / "wrong.parquet"
        order = catalog[table].model.order if catalog[table].model else catalog[table].grain
        write_parquet(run.con, f"select * {change} from ({run.lake.scan(table)})", wrong, order=order)
        run.lake.commit_whole(
            table, wrong, made_from=before.made_from, partition=before.partition, notes=before.notes
        )
    with pytest.raises(ReplayError, match=table):
        replay(run, catalog)
