"""What a run did, in numbers: the closing summary as one plain structure. How it looks is cli.py's."""

from __future__ import annotations

from decimal import Decimal

from dagster_project import gate
from dagster_project.identity.replay import Replayed
from dagster_project.lake import quoted
from dagster_project.pages.changes import percent
from dagster_project.publish import Published
from dagster_project.run import Run

NOT_REPLAYED = Replayed(0, ())


def summarise(run: Run, published: Published | None) -> dict:
    """Counts only, no personal data. Reads the lake as it now is."""
    for table in run.lake.tables():
        if table.split(".")[0] in ("raw", "identity", "workings", "golden", "marts"):
            run.view(table)
    made = [step for step in run.steps if step.outcome in ("whole", "part")]
    return {
        "run_id": run.run_id,
        "as_of": run.as_of.isoformat(),
        "published": bool(published and published.is_new),
        "database": str(run.settings.database),
        "tables": {"made": len(made), "current": len(run.steps) - len(made)},
        "arriving": run.arriving,
        "rows_written": sum(step.rows_written for step in run.steps),
        "sources": _rows(
            run,
            """select system, export,
                count(*) filter (where status = 'accepted') as files,
                sum(rows_read) as rows_read, sum(rows_accepted) as rows_accepted,
                sum(rows_quarantined) as rows_quarantined
            from raw.source_files where system is not null group by all order by all""",
        ),
        "set_aside": _rows(
            run,
            """select coalesce(files.path, quarantine.path) as path, quarantine.reason,
                quarantine.column_name, count(*) as rows, min(row_number) as first_row
            from raw.quarantine as quarantine
            left join raw.source_files as files using (path)
            where action = 'set_aside' and reason <> 'erased'
            group by all order by rows desc, path, reason limit 20""",
        ),
        "rows_erased": _rows(
            run, "select coalesce(sum(rows_erased), 0)::bigint as rows from raw.source_files"
        )[0]["rows"],
        "files": _rows(
            run, "select status, count(*) as files from raw.source_files group by all order by all"
        ),
        "people": _rows(
            run,
            """select count(*) as profiles, sum(source_record_count) as source_records,
                max(source_record_count) as largest,
                count(*) filter (where source_record_count > 1) as linked
            from marts.profiles""",
        )[0],
        "visitors": _rows(
            run,
            "select count(*) as visitors, count(profile_id) as known from marts.visitors",
        )[0],
        "changes": _rows(
            run,
            f"""select kind, count(*) as profiles from identity.profile_changes
            where run_id = {quoted(run.run_id)} group by all order by all""",
        ),
        "identity": _identity(run),
        "accuracy": _accuracy(run),
        "replayed": run.once("replayed", lambda: NOT_REPLAYED).records,
        "scores": _scores(run),
        "segments": _rows(run, "select segment, title, size from marts.segments order by segment"),
    }


def _identity(run: Run) -> dict | None:
    """How many records changed their profile since the last run; None after a first one."""
    found = gate.tonight(run)
    if found is None:
        return None
    budget = run.settings.identity_budget
    return {
        "known": found.known,
        "changed": found.changed,
        "share": found.share,
        "budget": budget,
        "words": f"{found.changed:,} of {found.known:,} are in another profile, {percent(found.share)} "
        f"(a person is asked beyond {percent(budget)})",
    }


def _scores(run: Run) -> dict:
    """How many models of scores there are, how many passed their gate, and where that is told."""
    [models] = _rows(
        run,
        "select count(*) as made, count(*) filter (where is_published) as published "
        "from golden.score_models",
    )
    page = run.settings.home / "reports" / "scores.html"
    return models | {
        "page": str(page),
        "words": f"{models['published']} of {models['made']} models beat their naive rule and are "
        f"published: {page}",
    }


def _accuracy(run: Run) -> dict | None:
    """What linkage finds of what vendors know, without being told; None where they know nothing."""
    found = _rows(
        run,
        """select estimate, low, high, pair_count from identity.accuracy
        where measure = 'recall' and subset = 'two facts to compare'""",
    )
    if not found:
        return None
    [fallen] = _rows(
        run,
        """select count(*) as subsets
        from identity.accuracy as now inner join identity.accuracy_reference as before
            using (measure, subset)
        where now.high < before.low""",
    )
    recall = found[0]
    return recall | {
        "fallen": fallen["subsets"],
        "words": f"recall {recall['estimate']:.2f} ({recall['low']:.2f} to {recall['high']:.2f}) of "
        f"{recall['pair_count']:,} pairs that a vendor's key names and that have two facts to compare, "
        "measured without it"
        + f"; lower than before in {fallen['subsets']} kinds of pairs: cdp train"
        * (fallen["subsets"] > 0),
    }


def _rows(run: Run, sql: str) -> list[dict]:
    cursor = run.con.execute(sql)
    names = [column[0] for column in cursor.description]
    return [
        {name: _plain(value) for name, value in zip(names, row)} for row in cursor.fetchall()
    ]


def _plain(value: object) -> object:
    return int(value) if isinstance(value, Decimal) else value
