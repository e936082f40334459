"""Making tables: skipped when current, in part when that is enough, and always what a whole would be."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from dagster_project.lake import write_parquet
from dagster_project.making import ChecksFailed, make_model
from dagster_project.run import open_run
from dagster_project.settings import Settings
from dagster_project.sql_models import load_models

MODELS = {
    "staging/things": """-- One row per thing: its latest version.
-- grain: k
-- partition: k
select * from raw.things
qualify row_number() over (partition by k order by version desc, g, v) = 1""",
    "golden/groups": """-- One row per group: what its things sum up to.
-- grain: g
-- partition: g
select g, sum(v) as total, count(*) as things from staging.things group by g""",
    # Its query compares groups, so it cannot be made in part: it is committed by difference.
    "golden/shares": """-- One row per group: its share of all.
-- grain: g
-- partition: g
select groups.g, groups.total - sums.least as above
from golden.groups as groups cross join golden.sums as sums""",
    "golden/sums": """-- One row: the least total.
-- grain: one
select 1 as one, coalesce(min(total), 0) as least from golden.groups""",
    # Keyed by another column than its input.
    "marts/things": """-- One row per thing with its group's total.
-- grain: k
-- partition: g
select things.k, things.g, groups.total
from staging.things as things inner join golden.groups as groups using (g)""",
}
ORDER = ("staging.things", "golden.groups", "golden.sums", "golden.shares", "marts.things")

delivery = st.lists(
    st.tuples(st.integers(1, 60), st.integers(1, 12), st.integers(-5, 5)), min_size=1, max_size=25
)


def company(place: Path, models: dict[str, str] = MODELS) -> dict:
    for name, sql in models.items():
        path = place / f"{name}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(sql, encoding="utf-8")
    return load_models(place)


def deliver(run, number: int, rows: list[tuple]) -> None:
    values = ", ".join(f"({k}, {g}, {v}, {number})" for k, g, v in rows)
    with run.lake.staging("raw.things") as place:
        write_parquet(
            run.con, f"from (values {values}) as t (k, g, v, version)", place / "p", order=()
        )
        run.lake.commit_added("raw.things", [(place / "p", None, None, {})], made_from={})


def night(home: Path, models: dict, deliveries: list[tuple[int, list]]) -> dict[str, list]:
    with open_run(Settings(exports=home, home=home), as_of=date(2026, 1, 1)) as run:
        for number, rows in deliveries:
            deliver(run, number, rows)
        for table in ORDER:
            make_model(run, models[table])
        return {t: sorted(run.con.execute(run.lake.scan(t)).fetchall()) for t in ORDER}


@settings(max_examples=15, deadline=None, phases=[Phase.generate])
@given(nights=st.lists(delivery, min_size=1, max_size=4))
def test_night_by_night_gives_what_one_run_over_everything_gives(nights):
    with tempfile.TemporaryDirectory() as place:
        models = company(Path(place) / "sql")
        numbered = list(enumerate(nights))
        for one in numbered:
            in_steps = night(Path(place) / "steps", models, [one])
        assert in_steps == night(Path(place) / "whole", models, numbered)


def test_a_few_changed_rows_are_all_that_is_written(tmp_path):
    models = company(tmp_path / "sql")
    night(tmp_path, models, [(0, [(k, k, 1) for k in range(500)])])
    with open_run(Settings(exports=tmp_path, home=tmp_path), as_of=date(2026, 1, 1)) as run:
        deliver(run, 1, [(7, 7, 5)])
        made = [make_model(run, models[table]) for table in ORDER]
    assert {one.table: (one.outcome, one.rows_written) for one in made} == {
        "staging.things": ("part", 1),
        "golden.groups": ("part", 1),
        "golden.sums": ("whole", 1),
        "golden.shares": ("part", 1),
        "marts.things": ("part", 1),
    }


def test_with_nothing_new_nothing_is_made(tmp_path):
    models = company(tmp_path / "sql")
    night(tmp_path, models, [(0, [(1, 1, 1)])])
    with open_run(Settings(exports=tmp_path, home=tmp_path), as_of=date(2026, 1, 1)) as run:
        assert {make_model(run, models[table]).outcome for table in ORDER} == {"unchanged"}


def test_a_changed_query_makes_the_table_anew_and_a_changed_comment_does_not(tmp_path):
    models = company(tmp_path / "sql")
    night(tmp_path, models, [(0, [(1, 1, 1)])])
    reworded = {
        **MODELS,
        "golden/groups": MODELS["golden/groups"].replace("sum up to", "come to"),
        "golden/sums": MODELS["golden/sums"].replace("min(", "max("),
    }
    models = company(tmp_path / "sql2", reworded)
    with open_run(Settings(exports=tmp_path, home=tmp_path), as_of=date(2026, 1, 1)) as run:
        assert make_model(run, models["golden.groups"]).outcome == "unchanged"
        assert make_model(run, models["golden.sums"]).outcome == "whole"


def test_a_failed_blocking_check_commits_nothing_and_counts_rows_only(tmp_path):
    models = company(tmp_path / "sql")
    before = night(tmp_path, models, [(0, [(1, 1, 1), (2, 2, 2)])])
    check = tmp_path / "sql3" / "golden" / "groups.no_total_is_negative.check.sql"
    check.parent.mkdir(parents=True)
    check.write_text("select g from golden.groups where total < 0", encoding="utf-8")
    models = company(tmp_path / "sql3")
    with open_run(Settings(exports=tmp_path, home=tmp_path), as_of=date(2026, 1, 1)) as run:
        deliver(run, 1, [(1, 1, -9)])
        make_model(run, models["staging.things"])
        with pytest.raises(ChecksFailed, match="no_total_is_negative fails for 1 rows"):
            make_model(run, models["golden.groups"])
        after = sorted(run.con.execute(run.lake.scan("golden.groups")).fetchall())
    assert after == before["golden.groups"]


def test_a_key_with_twins_or_gaps_commits_nothing(tmp_path):
    twins = {**MODELS, "golden/groups": MODELS["golden/groups"].replace("group by g", "group by g, v")}
    models = company(tmp_path / "sql", twins)
    with open_run(Settings(exports=tmp_path, home=tmp_path), as_of=date(2026, 1, 1)) as run:
        deliver(run, 0, [(1, 1, 1), (2, 1, 2)])
        make_model(run, models["staging.things"])
        with pytest.raises(ChecksFailed, match="key_is_unique_and_complete fails for 1 rows"):
            make_model(run, models["golden.groups"])
        assert run.lake.manifest("golden.groups") is None


def test_a_warning_is_kept_and_does_not_stop(tmp_path):
    warn = tmp_path / "sql" / "golden" / "groups.totals_are_small.warn.sql"
    warn.parent.mkdir(parents=True)
    warn.write_text("select g from golden.groups where total > 0", encoding="utf-8")
    models = company(tmp_path / "sql")
    with open_run(Settings(exports=tmp_path, home=tmp_path), as_of=date(2026, 1, 1)) as run:
        deliver(run, 0, [(1, 1, 1)])
        make_model(run, models["staging.things"])
        checks = make_model(run, models["golden.groups"]).checks
    assert [(c.claim, c.blocking, c.failing_rows) for c in checks][1] == ("totals_are_small", False, 1)
