"""Another model, threshold or guard table on trial: what it says is what a night would do."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from support import SAMPLE, SAMPLE_AS_OF

from dagster_project import gate, trial
from dagster_project.catalog import load_catalog
from dagster_project.identity import model
from dagster_project.nightly import make_tables
from dagster_project.run import open_run
from dagster_project.settings import PROJECT, load_settings

GUARDS = (
    "kind,value,action,limit,window_days,decided_by,decided_on,reason\n"
    "email,,max_surnames,1,,ada,2026-11-23,on trial\n"
    "email,,max_full_names,1,,ada,2026-11-23,on trial\n"
)


@pytest.fixture(scope="module")
def home(sample_home, tmp_path_factory) -> Path:
    return shutil.copytree(sample_home, tmp_path_factory.mktemp("trial") / "home", symlinks=True)


@pytest.fixture(scope="module")
def guards(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("guards") / "guards.csv"
    path.write_text(GUARDS, encoding="utf-8")
    return path


def settings_of(home, exports=SAMPLE / "exports"):
    found = load_settings(directory=PROJECT, environment={}, exports=exports, home=home)
    return replace(found, identity_budget=1.0)


def tried(home, **given):
    settings = settings_of(home)
    with open_run(settings, as_of=SAMPLE_AS_OF) as run:
        return trial.try_out(run, load_catalog(settings), **{"model": model.shipped()} | given)


def files_of(home):
    lock = home / "state" / "lock"
    return {p: p.stat().st_mtime_ns for p in home.rglob("*") if p.is_file() and p != lock}


def test_the_model_that_is_in_use_changes_nothing_and_a_trial_writes_nothing(home):
    before = files_of(home)
    found = tried(home)
    assert found.known > 0
    assert (found.changed, found.worst) == (0, ())
    assert files_of(home) == before


def test_a_higher_threshold_only_splits(home):
    found = tried(home, model=replace(model.shipped(), accept_weight=14.0))
    assert {kind for kind, _ in found.kinds} == {"split"}
    assert all(link.decision == "rejected" for one in found.worst for link in one.causes)


def test_a_lower_threshold_only_merges(home):
    found = tried(home, model=replace(model.shipped(), accept_weight=-8.0, review_weight=-8.0))
    assert {kind for kind, _ in found.kinds} <= {"merged"}


def test_guards_on_trial_change_what_the_night_changes_once_they_are_delivered(
    home, guards, tmp_path
):
    found = tried(home, guards=guards)
    assert found.changed > 0
    exports = shutil.copytree(SAMPLE / "exports", tmp_path / "exports")
    shutil.copyfile(guards, exports / "guards.csv")
    settings = settings_of(shutil.copytree(home, tmp_path / "home", symlinks=True), exports)
    with open_run(settings, as_of=SAMPLE_AS_OF) as run:
        make_tables(run, load_catalog(settings))
        assert gate.tonight(run) == found


def test_a_file_that_is_no_guard_table_is_refused_with_the_remedy(home):
    with pytest.raises(trial.TrialError, match="cdp inspect"):
        tried(home, guards=SAMPLE / "truth" / "records.parquet")
