"""The only assembly: assets, the nightly job, its schedule, the sensor for new exports, the executor.

Loaded by workspace.yaml. `cdp run` makes the same tables by the same functions, without an engine.
"""

from __future__ import annotations

import json
from datetime import date

import dagster as dg

from dagster_project.assets import publish_asset, suite_checks, table_asset
from dagster_project.catalog import load_catalog
from dagster_project.landing import fingerprint_landing
from dagster_project.nightly import open_night
from dagster_project.privacy.erasing import NotErased, settle
from dagster_project.quality import load_suites
from dagster_project.settings import Settings, load_settings

JOB = "nightly"
SENSOR_SECONDS = 60


def build_defs(settings: Settings) -> dg.Definitions:
    """Everything Dagster needs to know."""
    catalog = load_catalog(settings)
    job = dg.define_asset_job(
        JOB, selection=dg.AssetSelection.all(), executor_def=dg.in_process_executor
    )
    return dg.Definitions(
        assets=[
            *map(table_asset, catalog.values()),
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
        resources={"run": _run_resource(settings)},
        executor=dg.in_process_executor,
    )


def _run_resource(settings: Settings) -> dg.ResourceDefinition:
    """The run that all assets share; opening it takes the lock."""

    @dg.resource(config_schema={"as_of": dg.Field(str, is_required=False)})
    def opened(context: dg.InitResourceContext):
        chosen = context.resource_config.get("as_of")
        try:
            settle(settings)
        except NotErased as error:
            context.log.error(str(error))
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


@dg.definitions
def defs() -> dg.Definitions:
    return build_defs(load_settings())
