"""The only assembly: assets, the nightly job, its schedule, the sensor for new exports, the executor.

Loaded by workspace.yaml; `cdp run` executes the same job in process.
"""

from __future__ import annotations

import json
from datetime import date

import dagster as dg

from dagster_project.assets import publish_asset, suite_checks, table_asset
from dagster_project.catalog import load_catalog
from dagster_project.landing import fingerprint_landing
from dagster_project.nightly import open_night
from dagster_project.quality import load_suites
from dagster_project.run import Run
from dagster_project.settings import Settings, load_settings

JOB = "nightly"
SENSOR_SECONDS = 60


def build_defs(settings: Settings, *, run: Run | None = None) -> dg.Definitions:
    """Everything Dagster needs to know. With `run`, the job works in that run, already opened; column
    lineage is left to Dagster's own processes, which have somewhere to show it."""
    catalog = load_catalog(settings)
    with_lineage = run is None
    job = dg.define_asset_job(
        JOB, selection=dg.AssetSelection.all(), executor_def=dg.in_process_executor
    )
    return dg.Definitions(
        assets=[
            *(table_asset(table, with_lineage=with_lineage) for table in catalog.values()),
            publish_asset(catalog),
        ],
        asset_checks=[suite_checks(load_suites(settings.sql), catalog)],
        jobs=[job],
        schedules=[
            dg.ScheduleDefinition(
                name="nightly", job=job, cron_schedule="0 2 * * *", execution_timezone=settings.timezone
            )
        ],
        sensors=[_new_exports(settings, job)],
        resources={"run": _run_resource(settings, run)},
        executor=dg.in_process_executor,
    )


def _run_resource(settings: Settings, run: Run | None) -> dg.ResourceDefinition:
    """The run that all assets share; opening it takes the lock."""
    if run is not None:
        return dg.ResourceDefinition.hardcoded_resource(run)

    @dg.resource(config_schema={"as_of": dg.Field(str, is_required=False)})
    def opened(context: dg.InitResourceContext):
        chosen = context.resource_config.get("as_of")
        with open_night(settings, as_of=date.fromisoformat(chosen) if chosen else None) as one:
            yield one

    return opened


def _new_exports(settings: Settings, job) -> dg.SensorDefinition:
    """Starts the job once files have landed and were left alone between two looks."""

    @dg.sensor(name="new_exports", job=job, minimum_interval_seconds=SENSOR_SECONDS)
    def new_exports(context: dg.SensorEvaluationContext):
        seen = json.loads(context.cursor) if context.cursor else {}
        now = fingerprint_landing(settings)
        context.update_cursor(json.dumps({"now": now, "requested": seen.get("requested")}))
        if now is None:
            return dg.SkipReason(f"nothing lies in {settings.exports}")
        if now == seen.get("requested"):
            return dg.SkipReason("nothing new has landed")
        if now != seen.get("now"):
            return dg.SkipReason("files are still arriving")
        context.update_cursor(json.dumps({"now": now, "requested": now}))
        return dg.RunRequest(run_key=now)

    return new_exports


def execute(settings: Settings, run: Run) -> bool:
    """Run the nightly job in this process; False when a step failed."""
    defs = build_defs(settings, run=run)
    with dg.DagsterInstance.ephemeral() as instance:
        result = defs.resolve_job_def(JOB).execute_in_process(
            instance=instance,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    return result.success


@dg.definitions
def defs() -> dg.Definitions:
    return build_defs(load_settings())
