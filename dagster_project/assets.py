"""Every table of the catalog as one Dagster asset, with its checks. No logic: tables make themselves."""

from collections.abc import Iterator, Sequence

import dagster as dg

from dagster_project import reporting
from dagster_project.gate import Held
from dagster_project.identity.replay import ReplayError
from dagster_project.making import CheckResult, ChecksFailed, Table
from dagster_project.nightly import finish
from dagster_project.quality import Suite, judged
from dagster_project.run import Run
from dagster_project.sql_models import column_lineage

OWNERS = {"segments": "team:marketing", "marts": "team:analytics"}


def key_of(name: str) -> dg.AssetKey:
    return dg.AssetKey(name.split("."))


def table_asset(table: Table) -> dg.AssetsDefinition:
    """One asset: what it is, what it reads, its checks; its function makes the table."""
    layer, _, name = table.name.partition(".")

    @dg.asset(
        key=key_of(table.name),
        deps=[key_of(source) for source in table.inputs],
        group_name=layer,
        description=table.description,
        owners=[OWNERS.get(layer, "team:data-engineering")],
        kinds={"sql" if table.model else "python", "parquet"},
        tags={"layer": layer},
        required_resource_keys={"run"},
        check_specs=[
            dg.AssetCheckSpec(claim, asset=key_of(table.name), blocking=blocking)
            for claim, blocking in table.claims.items()
        ],
    )
    def made(context: dg.AssetExecutionContext) -> Iterator:
        run: Run = context.resources.run
        try:
            result = table.make(run)
        except Held as held:
            raise dg.Failure(str(held)) from None
        except ChecksFailed as failed:
            yield from (_said(check) for check in failed.results)
            raise dg.Failure(str(failed)) from None
        metadata: dict = {
            "dagster/row_count": result.rows,
            "rows_written": result.rows_written,
            "outcome": result.outcome,
            "dagster/column_schema": dg.TableSchema(
                columns=[dg.TableColumn(name, kind) for name, kind in result.columns.items()]
            ),
        }
        if table.model and result.outcome != "unchanged":
            metadata["dagster/column_lineage"] = _lineage(run, table)
        yield dg.MaterializeResult(
            metadata=metadata,
            check_results=[_said(check) for check in _complete(result.checks, table)],
        )

    return made


def suite_checks(suites: Sequence[Suite], catalog: dict[str, Table]) -> dg.AssetChecksDefinition:
    """The expectations of every suite, judged once all tables are made; what a failure holds up is the
    gate's to say."""
    @dg.multi_asset_check(
        name="expectations",
        specs=[
            dg.AssetCheckSpec(
                one.claim,
                asset=key_of(suite.table),
                description=f"{one.metric} {one.bounds}. {one.remedy}",
                additional_deps=[key_of(name) for name in catalog if name != suite.table],
            )
            for suite in suites
            for one in suite.expectations
        ],
        required_resource_keys={"run"},
    )
    def expectations(context: dg.AssetCheckExecutionContext) -> Iterator:
        for one in judged(context.resources.run):
            yield dg.AssetCheckResult(
                asset_key=key_of(one.table),
                check_name=one.claim,
                passed=one.passed,
                severity=_severity(one.severity == "error"),
                metadata={"observed": one.observed},
            )

    return expectations


def publish_asset(catalog: dict[str, Table]) -> dg.AssetsDefinition:
    """The published database, after every table."""

    @dg.asset(
        key=dg.AssetKey(["warehouse", "customers"]),
        deps=[key_of(name) for name in catalog],
        group_name="warehouse",
        description="The published DuckDB database, built aside, verified and swapped in by a link.",
        owners=["team:data-engineering"],
        kinds={"duckdb"},
        required_resource_keys={"run"},
    )
    def customers(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        try:
            done = finish(context.resources.run, catalog)
        except (Held, ReplayError) as said:
            raise dg.Failure(str(said), metadata={"report": _report(context.resources.run)}) from None
        return dg.MaterializeResult(
            metadata={
                "is_new": done.is_new,
                "tables": done.tables,
                "report": _report(context.resources.run),
            }
        )

    return customers


def _report(run: Run) -> dg.MetadataValue:
    """Where the run's report is once the run is over."""
    return dg.MetadataValue.path(reporting.kept(run.settings, run.run_id))


def _complete(checks: tuple[CheckResult, ...], table: Table) -> list[CheckResult]:
    """One result for every check that the asset announces; raw tables and dictionaries are keyed by
    how they are made, so their key check has nothing to count."""
    found = {check.claim: check for check in checks}
    return [
        found.get(claim, CheckResult(table.name, claim, blocking, 0))
        for claim, blocking in table.claims.items()
    ]


def _said(check: CheckResult) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=key_of(check.table),
        check_name=check.claim,
        passed=check.passed,
        severity=_severity(check.blocking),
        metadata={} if check.failing_rows is None else {"failing_rows": check.failing_rows},
    )


def _severity(is_error: bool) -> dg.AssetCheckSeverity:
    return dg.AssetCheckSeverity.ERROR if is_error else dg.AssetCheckSeverity.WARN


def _lineage(run: Run, table: Table) -> dg.TableColumnLineage:
    schemas = {name: run.lake.manifest(name).columns for name in table.model.reads}
    return dg.TableColumnLineage(
        {
            column: [dg.TableColumnDep(key_of(source), name) for source, name in sources]
            for column, sources in column_lineage(table.model, schemas).items()
        }
    )
