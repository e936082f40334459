"""All segments over many people, evaluated and recorded, and a second night beside the first.

    python benchmarks/segments.py --people 1000000

Draws what segments read (facts, orders, events, scores …) straight into a lake, without the pipeline
before it. Prints the seconds of each step by the clock and of CPU and, per night, those of CPU per
million memberships.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

from dagster_project.catalog import STATE_TABLES, load_catalog
from dagster_project.lake import write_parquet
from dagster_project.making import Table
from dagster_project.run import Run, open_run
from dagster_project.settings import Settings

FIRST_NIGHT = date(2026, 6, 1)

CHANGED = 50
"""One person in so many does something between the nights."""

RECORDED = {
    "membership and its history": (
        *("marts.segments", "marts.segment_members", "marts.segment_history"),
        "marts.segment_definitions",
    ),
    "sizes and overlaps": ("marts.segment_sizes", "marts.segment_overlaps"),
    "control groups and uplift": ("marts.segment_holdouts", "marts.segment_uplift"),
    "bridges": ("marts.number_changes", "marts.number_bridges"),
}

# Table -> rows drawn for the people `i` (one, or as many as `copies`), of the columns that are read.
# `n` is a number that is drawn anew for each person, table and copy.
DRAWN = {
    "golden.profiles": (1, """profile_id, date '1950-01-01' + (n % 20000)::integer as birth_on,
        night - interval (n % 1500) days as first_recorded_at"""),
    "identity.profile_records": (2, """'r:' || i || ':' || copy as record_key, profile_id"""),
    "identity.profile_changes": (1, """'c:' || i as change_id, 'created' as kind, profile_id,
        'drawn' as run_id, night - interval (n % 1500) days as changed_at"""),
    "golden.customer_facts": (1, """profile_id, n % 8 as order_count, (n % 90000) / 100 as spend,
        (n % 90000) / 100 as spend_converted, 'USD' as currency, 20.0 + n % 90 as
        average_days_between_orders,
        if(n % 8 > 0, night - interval (n % 700) days, null) as last_order_at,
        if(n % 8 > 0, night - interval (n % 900) days, null) as first_order_at,
        night - interval (n % 300) days as last_web_at, n % 40 = 0 as open_case_count"""),
    "golden.consents": (2, """profile_id, ['email', 'ads'][copy] as channel,
        ['marketing', 'advertising'][copy] as purpose, ['granted', 'denied'][1 + n % 2] as status"""),
    "golden.carts": (1, """profile_id, (night - interval (n % 200) days)::date as carted_on,
        night - interval (n % 200) days as last_carted_at"""),
    "golden.product_interest": (2, """profile_id, 'category ' || (n % 30) || copy as category,
        (night - interval (n % 200) days)::date as viewed_on, n % 4 as view_count,
        night - interval (n % 200) days as last_viewed_at"""),
    "golden.orders": (4, """'o:' || i || ':' || copy as order_id, profile_id,
        night - interval (n % 700) days as ordered_at"""),
    "workings.purchases": (4, """'o:' || i || ':' || copy as order_id, profile_id, copy as
        purchase_number, night - interval (n % 700) days as ordered_at, 50.00 as net_converted,
        ['web', 'store'][1 + n % 2] as channel"""),
    "golden.events": (4, """profile_id, night - interval (n % 400) days as occurred_at,
        ['email_click', 'app_open', 'case_opened', 'page_view'][1 + n % 4] as event_type"""),
    "golden.scores": (3, """profile_id, ['clv', 'discount_sensitivity', 'lead_score'][copy] as score,
        (n % 30000) / 10000 as value"""),
    "golden.lookalikes": (1, """'vip_customers' as segment, profile_id, n % 20 as band"""),
    "golden.company_people": (1, """'c' || n % 100000 as company_id, profile_id, 'work' as evidence"""),
    "workings.score_product_days": (3, """profile_id, 's' || n % 3 as sku,
        (night - interval (n % 300) days)::date - copy::integer as bought_on"""),
}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--people", type=int, default=1_000_000)
    people = arguments.parse_args().people
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "exports").mkdir()
        settings = Settings(exports=Path(place) / "exports", home=Path(place) / "home")
        catalog = load_catalog(settings)
        recorded = {name for tables in RECORDED.values() for name in tables}
        with open_run(settings, as_of=FIRST_NIGHT) as run:
            for table in catalog.values():
                if table.name not in recorded:
                    table.make(run)
        for number in range(2):
            with open_run(settings, as_of=FIRST_NIGHT + timedelta(days=number)) as run:
                night(run, catalog, people=people, number=number)


def night(run: Run, catalog: dict[str, Table], *, people: int, number: int) -> None:
    """Draw what the night finds, make all that follows, and publish the state."""
    catalog["raw.as_of"].make(run)
    for table, (copies, columns) in DRAWN.items():
        if number == 0 or not table.startswith("identity."):
            draw(run, catalog[table], columns, people=people, copies=copies, number=number)
    segments = [name for name in catalog if name.startswith("segments.")]
    print(f"\nnight {number + 1}: {len(segments)} segments over {people:,} people")
    total = 0.0
    for step, tables in ({"evaluated": segments} | RECORDED).items():
        began, worked = time.perf_counter(), time.process_time()
        for name in tables:
            catalog[name].make(run)
        took, cpu = time.perf_counter() - began, time.process_time() - worked
        total += cpu
        print(f"  {step:<28}{took:8.1f} s{cpu:8.1f} s CPU")
    members = run.lake.manifest("marts.segment_members").notes["rows"]
    moves = run.lake.manifest("marts.segment_history").notes["rows"]
    print(f"  {members:,} memberships, {moves:,} entries and exits so far")
    print(f"  {total:.1f} s CPU, {total / members * 1_000_000:.2f} s per million memberships")
    run.state.promote(run.lake, STATE_TABLES, run_id=f"night-{number}", inputs=str(number))


def draw(run: Run, table: Table, columns: str, *, people: int, copies: int, number: int) -> None:
    """Write a table whole; columns that are not drawn are empty. On the second night the first one's
    rows stand but for the people who changed."""
    manifest = run.lake.manifest(table.name)
    run.con.execute(
        f"""create or replace temp table drawn as
        select {columns} from (
            select i, copy, 'p' || left(md5(i::varchar), 16) as profile_id,
                (hash(i, copy, {len(columns)}, if(i % {CHANGED} = 0, {number}, 0)) // 8)::bigint as n,
                timestamp '{FIRST_NIGHT}' as night
            from range({people}) as people(i), range(1, {copies} + 1) as copies(copy)
        )"""
    )
    drawn = {row[0] for row in run.con.execute("describe drawn").fetchall()}
    listed = ", ".join(
        f"{name if name in drawn else 'null'}::{kind} as {name}"
        for name, kind in manifest.columns.items()
    )
    key = table.model.order if table.model else table.grain
    with run.lake.staging(table.name) as place:
        write_parquet(run.con, f"select {listed} from drawn", place / "rows.parquet", order=key)
        rows = run.con.execute("select count(*) from drawn").fetchall()[0][0]
        run.lake.commit_whole(
            table.name, place / "rows.parquet", made_from={}, partition=manifest.partition,
            notes={"rows": rows},
        )


if __name__ == "__main__":
    main()
