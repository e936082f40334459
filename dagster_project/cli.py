"""`cdp`: a thin face over the functions that the Dagster assets call.

Here belong arguments, tables on the screen and exit codes. What the commands do is
elsewhere, and Dagster is imported only by those that run the job.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import date, datetime
from pathlib import Path

import click
from rich.text import Text

from dagster_project.lake import keep_private
from dagster_project.privacy.commands import privacy
from dagster_project.screen import (
    AS_JSON,
    DATA_FAILED,
    DONE,
    EXPORTS,
    HOME,
    USAGE,
    Grid,
    Refusal,
    console,
    open_published,
    progress,
    say,
    show_grid,
    show_told,
    truthful_exits,
)
from dagster_project.settings import Settings, load_settings


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """A customer data platform: exports in, golden profiles and segments out.

    \b
    Start with:   cdp run --exports DIR
    Then look:    cdp profile someone@example.com
    """
    keep_private()


main.add_command(privacy)


@main.command()
@EXPORTS
@click.option("--home", type=click.Path(path_type=Path), help="What the pipeline owns.")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="The UTC day to speak for.")
@click.option("--json", "as_json", is_flag=True, help="The summary as JSON.")
def run(exports: Path | None, home: Path | None, as_of: datetime | None, as_json: bool) -> None:
    """The nightly job, in this process: the steps that `dagster dev` shows as assets.

    Example: cdp run --exports /data/exports --as-of 2026-06-01
    """
    with truthful_exits():
        settings = load_settings(exports=exports, home=home)
        if not settings.exports.is_dir():
            raise Refusal(
                f"there is no folder {settings.exports}. Name the folder in which your exports land: "
                "cdp run --exports DIR, or CDP_EXPORTS, or exports in cdp.toml",
                USAGE,
            )
        is_erased = _finish_erasures(settings)
        said, code = _run(settings, as_of.date() if as_of else None, quiet=as_json)
    if as_json:
        click.echo(json.dumps(said, indent=1))
    elif code == DONE:
        _show_summary(said)
    sys.exit(code if is_erased else max(code, DATA_FAILED))


def _finish_erasures(settings: Settings) -> bool:
    """Erasures that were stopped on the way, and those that a restored backup knows nothing of, come first
    and by themselves: nothing that was delivered since can hold them up. Returns whether none is owed."""
    from dagster_project.privacy.erasing import NotErased, settle

    try:
        for one in settle(settings):
            say(f"{one.receipt.request_id}: erased; the receipt is {one.path}", err=True)
    except NotErased as error:
        say(str(error), err=True)
        return False
    return True


def _run(
    settings: Settings, as_of: date | None, *, quiet: bool, mends: int = 9
) -> tuple[dict, int]:
    """Run the job; returns its summary, or what failed, and the exit code. So many damaged tables are
    made anew on the way."""
    from dagster_project.catalog import load_catalog
    from dagster_project.nightly import make_all, mend, open_night
    from dagster_project.segments.membership import held
    from dagster_project.summary import summarise

    catalog = load_catalog(settings)
    with progress(len(catalog), quiet=quiet) as watch:
        with open_night(settings, as_of=as_of, watch=watch) as one:
            said, mended = None, []
            try:
                said = summarise(one, make_all(one, catalog)) | {"held_segments": held(one)}
            except Exception:
                if not one.failures:
                    raise
                mended = one.once("mended", lambda: mend(one, catalog)) if mends else []
    _tell_unsent(one.alerts)
    if said:
        return said | _report(one), DONE
    if mended:
        click.echo(f"{', '.join(mended)}: a file was damaged; the table is made anew", err=True)
        return _run(settings, as_of, quiet=quiet, mends=mends - 1)
    failures, code = _tell_failures(one)
    return {"failures": failures} | _report(one), code


def _report(one) -> dict:
    """Where the report of a run that is over is, if there was room for it."""
    return {"report": str(one.done("report"))} if one.done("report") else {}


def _tell_failures(one) -> tuple[list[dict], int]:
    """What failed in a run, on the screen and as data, and the exit code."""
    from dagster_project.ending import ending_of

    ending = ending_of(one)
    for failure in ending.failures:
        say(f"{failure.what}: {failure.reason}", err=True)
    click.echo("Nothing was published; the last good database still serves.", err=True)
    if one.done("report"):
        click.echo(f"The report of this run: {one.done('report')}", err=True)
    return [{"failed": failure.what, "reason": failure.reason} for failure in ending.failures], ending.code


def _show_summary(said: dict) -> None:
    """What came in, what was set aside and why, who is there, what changed, where to look next."""
    console.print()
    grid = Grid(title="What came in", title_justify="left", box=None, pad_edge=False)
    grid.add_column("export")
    for heading in ("files", "read", "accepted", "set aside"):
        grid.add_column(heading, justify="right")
    for row in said["sources"]:
        counts = (row["files"], row["rows_read"], row["rows_accepted"], row["rows_quarantined"])
        grid.add_row(f"{row['system']} {row['export']}", *(f"{n:,}" for n in counts))
    console.print(grid)
    statuses = ", ".join(f"{row['files']} {row['status']}" for row in said["files"])
    console.print(f"files: {statuses}")
    if said["arriving"]:
        left = ", ".join(said["arriving"][:3])
        console.print(f"left for the next run, still being written: {left}", markup=False, soft_wrap=True)
    if said["set_aside"]:
        console.print("\nSet aside")
        for row in said["set_aside"][:8]:
            where = "the whole file" if row["first_row"] is None else f"{row['rows']:,} rows"
            column = f" in {row['column_name']}" if row["column_name"] else ""
            first = f", first row {row['first_row']}" if row["first_row"] else ""
            line = f"  {row['path']}: {where}: {row['reason']}{column}{first}"
            console.print(line, markup=False, soft_wrap=True)
    if said["rows_erased"]:
        console.print(f"\n{said['rows_erased']:,} rows are of people who were erased, and left out")
    people, visitors = said["people"], said["visitors"]
    console.print(
        f"\nWho is there\n  {people['profiles']:,} people from {people['source_records'] or 0:,} source "
        f"records; {people['linked']:,} have more than one, the largest {people['largest'] or 0:,}\n"
        f"  {visitors['visitors']:,} visitors of the web site, {visitors['known']:,} of them known",
        soft_wrap=True,
    )
    changed = ", ".join(f"{row['profiles']:,} {row['kind']}" for row in said["changes"])
    console.print(f"\nSince the last run\n  profiles: {changed or 'nothing changed'}")
    if said["identity"]:
        console.print(f"  records: {said['identity']['words']}", markup=False, soft_wrap=True)
    if said["accuracy"]:
        console.print(f"  accuracy: {said['accuracy']['words']}", markup=False, soft_wrap=True)
    if said["replayed"]:
        console.print(
            f"  proof: {said['replayed']:,} records computed again from raw, with the same result"
        )
    tables = said["tables"]
    console.print(f"  tables: {tables['made']} made, {tables['current']} were current")
    console.print(f"\nScores\n  {said['scores']['words']}", markup=False, soft_wrap=True)
    console.print("\nSegments")
    for row in said["segments"]:
        console.print(f"  {row['segment']:<32}{row['size']:>10,}  {row['title']}", markup=False)
    for row in said["held_segments"]:
        console.print(
            f"  {row['segment']} is held as it was last published: {row['held_reason']}. "
            f"See cdp segment preview {row['segment']}; if it is meant, loosen the guard in its file",
            markup=False,
            soft_wrap=True,
        )
    verb = "Published" if said["published"] else "Nothing new to publish; current is"
    console.print(f"\n{verb}\n  {said['database']}", markup=False, soft_wrap=True)
    if said.get("report"):
        console.print(f"Report\n  {said['report']}", markup=False, soft_wrap=True)
    console.print(
        "Look next\n"
        "  cdp profile <e-mail or profile id>    one person, with the evidence\n"
        "  cdp explain <record> <record>         why two records are, or are not, one person\n"
        "  cdp validate                          the checks on what was published\n"
        "  dagster dev -w workspace.yaml         the graph",
        markup=False,
        soft_wrap=True,
    )


@main.command()
@click.argument("run_id", metavar="RUN")
@click.option("--home", type=click.Path(path_type=Path), help="What the pipeline owns.")
@click.option("--json", "as_json", is_flag=True, help="The summary as JSON.")
def accept(run_id: str, home: Path | None, as_json: bool) -> None:
    """Publish a run that is held for a person to look at.

    What the run made is published as it is; exports that landed since wait for the next run.

    Example: cdp accept 2026-06-01-0123abcd
    """
    from dagster_project import gate
    from dagster_project.catalog import load_catalog
    from dagster_project.nightly import accept as publish
    from dagster_project.nightly import open_night
    from dagster_project.segments.membership import held
    from dagster_project.summary import summarise

    with truthful_exits():
        settings = load_settings(home=home)
        try:
            as_of = date.fromisoformat(gate.held(settings, run_id)["as_of"])
        except gate.NotHeld as error:
            raise Refusal(str(error), DATA_FAILED) from None
        with open_night(settings, as_of=as_of) as one:
            said, code = None, DONE
            try:
                published = publish(one, run_id, load_catalog(settings))
                said = summarise(one, published) | {"held_segments": held(one)}
            except Exception:
                if not one.failures:
                    raise
        _tell_unsent(one.alerts)
        if said is None:
            failures, code = _tell_failures(one)
            said = {"failures": failures}
        said |= _report(one)
    if as_json:
        click.echo(json.dumps(said, indent=1))
    elif code == DONE:
        _show_summary(said)
    sys.exit(code)


@main.command()
@click.option("--home", type=click.Path(path_type=Path), help="What the pipeline owns.")
@click.option("--seed", default=1, show_default=True, help="The same seed, the same model.")
@click.option("--max-pairs", type=click.IntRange(min=1_000), default=10_000_000, show_default=True,
              help="So many random pairs at most: bounds time and memory.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path),
              help="Only write the model there; the home keeps the one that it has.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def train(
    home: Path | None, seed: int, max_pairs: int, out: Path | None, as_json: bool
) -> None:
    """Learn from this home's records, without labels, how much each agreement weighs.

    The next run links by the new model; ids are carried over, and a person is asked where too many
    records change. To see that first: train with --out, then cdp compare --model FILE.

    Example: cdp train --home data --out model.json
    """
    from dagster_project.identity import model
    from dagster_project.identity import train as training
    from dagster_project.lake import LakeError, write_atomically
    from dagster_project.pages import model_report
    from dagster_project.pages.page import page
    from dagster_project.run import open_run

    with truthful_exits():
        settings = load_settings(home=home)
        with open_run(settings) as one:
            for name in training.READS:
                one.view(name)
            try:
                text = training.train(one.con, seed=seed, max_pairs=max_pairs)
            except training.TrainError as error:
                raise Refusal(str(error), DATA_FAILED) from None
            trained = model.from_json(text)
            reaches = training.reach(one.con, model=trained)
            try:
                before = model.chosen(settings.model)
            except (LakeError, ValueError):
                before = trained  # what there was is for other comparisons, and says nothing of these
            place = out or settings.model
            write_atomically(place, text)
            verdict = f"Written to {place.name} only." if out else "The next run links by this model."
            facts = json.loads(text)["trained_on"]
            told = model_report.tell(trained, before, reaches, facts=facts, verdict=verdict)
            report = settings.home / "reports" / "model.html"
            write_atomically(report, page(told, pictures=model_report.pictures(trained, before)))
    if as_json:
        said = {"model": str(place), "is_adopted": not out, "report": str(report)} | facts
        click.echo(json.dumps(said | {"blocking": [asdict(one) for one in reaches]}, indent=1))
        return
    show_told((told[0], told[-1]))
    console.print(f"\nWritten to {place} and {report}", markup=False, soft_wrap=True)


@main.command()
@click.option("--home", type=click.Path(path_type=Path), help="What the pipeline owns.")
@click.option("--model", "trained", type=click.Path(exists=True, path_type=Path),
              help="Parameters to try, as in trained.json.")
@click.option("--accept-weight", type=float, help="Match weight to try as the threshold.")
@click.option("--guards", type=click.Path(exists=True, path_type=Path),
              help="Decisions about identifiers to try (docs/corrections.md).")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def compare(
    home: Path | None,
    trained: Path | None,
    accept_weight: float | None,
    guards: Path | None,
    as_json: bool,
) -> None:
    """What another model, threshold or guard table would change in who is who. Changes nothing.

    Example: cdp compare --accept-weight 4 --guards guards.csv
    """
    from dagster_project import gate, trial
    from dagster_project.catalog import load_catalog
    from dagster_project.identity import model
    from dagster_project.pages.page import page
    from dagster_project.run import open_run

    with truthful_exits():
        settings = load_settings(home=home)
        try:
            chosen = model.chosen(settings.model)
            if trained:
                chosen = model.from_json(trained.read_text(encoding="utf-8"))
        except (ValueError, KeyError, TypeError) as error:
            raise Refusal(f"{trained} is no model: {error}", USAGE) from None
        if accept_weight is not None:
            # a pair that may be accepted is one whose score is kept
            kept = min(accept_weight, chosen.review_weight)
            chosen = replace(chosen, accept_weight=accept_weight, review_weight=kept)
        with open_run(settings) as one:
            try:
                found = trial.try_out(one, load_catalog(settings), model=chosen, guards=guards)
            except trial.TrialError as error:
                raise Refusal(str(error), DATA_FAILED) from None
            told = trial.tell(one, found, model=chosen, guards=guards)
            where = gate.write_report(one, found, "identity_compare", page(told))
    if as_json:
        click.echo(json.dumps(found.as_dict(), indent=1, default=str))
        return
    show_told(told)
    console.print(f"\nWritten to {where}", markup=False, soft_wrap=True)


@main.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def inspect(paths: tuple[Path, ...], as_json: bool) -> None:
    """Which export of which system each file is, why, and what is wrong with it. Changes nothing.

    Example: cdp inspect ~/Downloads/Contact.csv exports/
    """
    from dagster_project.landing import inspect_paths

    with truthful_exits():
        found = inspect_paths(paths)
    if as_json:
        click.echo(json.dumps(found, indent=1, default=str))
    else:
        for one in found:
            _show_inspection(one)
    sys.exit(DONE if all(one["contract"] for one in found) else DATA_FAILED)


def _show_inspection(one: dict) -> None:
    what = one["contract"] or "no known export"
    console.print(f"{one['path']}", markup=False, style="bold", soft_wrap=True)
    console.print(f"  {what}: {one['reason']}", markup=False)
    if one["contract"]:
        period = f", {one['period'][0]} to {one['period'][1]}" if one["period"] else ""
        console.print(
            f"  {one['variant']}, {one['encoding']}, {one['compression']}; {one['rows_read']:,} rows, "
            f"{one['rows_quarantined']:,} would be set aside{period}",
            markup=False,
        )
    elif one["nearest"]:
        missing = ", ".join(one["missing"])
        console.print(f"  nearest is {one['nearest']}; missing: {missing}", markup=False)
    for finding in one["findings"]:
        parts = [finding["reason"]]
        parts += [f"expected {finding['expected']}"] if finding["expected"] else []
        parts += [f"found {finding['found']}"] if finding["found"] else []
        parts += [finding["remedy"]] if finding["remedy"] else []
        console.print(f"  {finding['severity']}: {'; '.join(parts)}", markup=False)


@main.command()
@click.argument("path", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--home", type=click.Path(path_type=Path), help="What the pipeline owns.")
@click.option("--strict", is_flag=True, help="Warnings do not pass either.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path),
              help="Write JUnit's XML there, which CI systems show.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path),
              help="Write one page there, complete in itself.")
def validate(
    path: Path | None,
    home: Path | None,
    strict: bool,
    as_json: bool,
    junit: Path | None,
    html: Path | None,
) -> None:
    """Whether data pass: what is published, exports before they are loaded, or a published file.

    PATH is a home, a folder or file of exports, or a .duckdb file; without it, the home. Nothing is
    changed. The exit code is 0 if all passes and 1 if an error is found, with --strict a warning too.

    \b
    Example: cdp validate
    Example: cdp validate exports/ --strict --junit report.xml
    Example: cdp validate customers.duckdb --json
    """
    from dagster_project.pages import validation_report
    from dagster_project.validation import passes, tell
    from dagster_project.validation import validate as check

    with truthful_exits():
        is_home = path and (path / "state").is_dir()
        settings = load_settings(home=path if is_home else home)
        results = check(path, settings)
        about = {"of": (path or settings.home).resolve(), "strict": strict}
        for place, to_text in ((junit, validation_report.to_junit), (html, validation_report.to_html)):
            if place:
                place.write_text(to_text(results, **about), encoding="utf-8")
    failed = [one for one in results if not one.passed]
    if as_json:
        click.echo(json.dumps([one.as_dict() for one in results], indent=1))
    else:
        for one in failed:
            say(f"{one.severity}: {tell(one)}")
        graves = sum(one.severity == "error" for one in failed)
        click.echo(f"{len(results)} checks, {graves} failed, {len(failed) - graves} warnings")
    sys.exit(DONE if passes(results, strict=strict) else DATA_FAILED)


@main.command()
@click.option("--home", type=click.Path(path_type=Path), help="What the pipeline owns.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Write it there as Markdown, too.")
def dictionary(home: Path | None, markdown: Path | None) -> None:
    """What every published table and column means, its data class, and how tables hang together.

    Example: cdp dictionary --markdown docs/data-dictionary.md
    """
    from dagster_project.catalog import load_catalog
    from dagster_project.nightly import read_dictionary
    from dagster_project.pages.dictionary import to_markdown

    with truthful_exits():
        settings = load_settings(home=home)
        with open_published(home):
            entities = read_dictionary(settings, load_catalog(settings))
        if markdown:
            markdown.write_text(to_markdown(entities) + "\n", encoding="utf-8")
    grid = Grid("table", "columns", "what a row is")
    for entity in entities:
        grid.add_row(entity.name, str(len(entity.fields)), entity.description.split(". ")[0])
    console.print(grid)
    click.echo(f"\nAll columns: {settings.home / 'reports' / 'data_dictionary.html'}")


@main.command()
@click.argument("who")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Only: which profile an id was then.")
@click.option("--home", type=click.Path(path_type=Path), help="What the pipeline owns.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def profile(who: str, as_of: datetime | None, home: Path | None, as_json: bool) -> None:
    """One golden profile, by id or e-mail: values with provenance, records, links, segments.

    \b
    Example: cdp profile ada@example.com
    Example: cdp profile p0123456789abcdef --as-of 2026-06-02
    """
    from dagster_project.privacy.readings import note_reading
    from dagster_project.profile import find_profiles, load_profile, resolve

    with truthful_exits():
        database = open_published(home)
        with database as con:
            if as_of:
                stood_for = resolve(con, who, as_of.date())
                if not stood_for:
                    raise Refusal("that id stood for no profile on that day", DATA_FAILED)
                said = {"profile_id": who, "as_of": f"{as_of:%Y-%m-%d}", "stood_for": stood_for}
                click.echo(json.dumps(said) if as_json else stood_for)
                return
            ids = find_profiles(con, who)
            if not ids:
                raise Refusal("no profile has that id or e-mail address", DATA_FAILED)
            note_reading(load_settings(home=home), "profile", ids)
            found = [load_profile(con, profile_id) for profile_id in ids]
    if as_json:
        click.echo(json.dumps(found, indent=1, default=str))
    else:
        for one in found:
            _show_profile(one)


def _show_profile(one: dict) -> None:
    about = one["profile"]
    name = " ".join(filter(None, (about["first_name"], about["last_name"]))) or "(no name)"
    console.print(f"\n{name}  {about['profile_id']}", style="bold", markup=False)
    console.print(
        f"  {about['source_record_count']} source records, identity confidence "
        f"{about['identity_confidence']:.4f}, seen {about['first_seen_at']} to {about['last_seen_at']}",
        markup=False,
    )
    sections = {
        "Values": (("attribute", "value", "from", "observed", "reason"), one["attributes"]),
        "E-mail addresses": (
            ("email", "is_primary", "is_verified", "is_bounced", "is_opted_out"),
            one["emails"],
        ),
        "Telephones": (("phone", "is_primary", "is_opted_out"), one["phones"]),
        "Bought data": (("trait", "value", "provider", "valid_until"), one["traits"]),
        "Source records": (("record", "linked_by", "path", "row_number"), one["records"]),
        "In figures": (
            ("order_count", "spend", "currency", "session_count", "case_count", "household_size"),
            one["facts"],
        ),
        "Orders": (("ordered_at", "order_id", "status", "total", "currency"), one["orders"]),
        "Consents": (("channel", "purpose", "status", "evidence_record"), one["consents"]),
        "Segments": (("segment", "entered_at"), one["segments"]),
        "Latest events": (("occurred_at", "channel", "event_type"), one["timeline"]),
    }
    for title, (columns, rows) in sections.items():
        if rows:
            grid = Grid(title=f"\n{title}", title_justify="left", box=None, pad_edge=False)
            for column in columns:
                grid.add_column(column, overflow="fold")
            for row in rows:
                grid.add_row(*(_cell(row, column) for column in columns))
            console.print(grid)
    if one["links"]:
        console.print("\nLinks", style="italic")
    for link in one["links"]:
        weight = "" if link["match_weight"] is None else f", weight {link['match_weight']:.1f}"
        pair = f"{link['left_record']} = {link['right_record']}"
        console.print(f"{pair}: {link['reason']}{weight}", markup=False, soft_wrap=True)


def _cell(row: dict, column: str) -> str:
    """A cell of a profile's tables: records by their key, days where the hour says nothing."""
    if column in ("from", "record"):
        return f"{row['system']}:{row['export']}:{row['record_id']}"
    if column == "observed":
        return "" if row["observed_at"] is None else f"{row['observed_at']:%Y-%m-%d}"
    return "" if row[column] is None else str(row[column])


@main.command()
@click.argument("what", metavar="RECORD|PROFILE")
@click.argument("other", metavar="[RECORD]", required=False)
@click.option("--home", type=click.Path(path_type=Path), help="What the pipeline owns.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--html", type=click.Path(path_type=Path), help="Write a page that stands alone.")
@click.option("--svg", type=click.Path(path_type=Path), help="Write the picture of a pair's weights alone.")
def explain(
    what: str, other: str | None, home: Path | None, as_json: bool, html: Path | None, svg: Path | None
) -> None:
    """Why two records are, or are not, one person; why a profile is one, and where it is weakest.

    \b
    A record is system:export:id.
    Example: cdp explain salesforce:contact:0035g00001XyzAAA shopify:customers:7210448301122
    Example: cdp explain p0123456789abcdef --html why.html
    """
    from dagster_project.identity import explaining, model
    from dagster_project.pages import page, sentences, waterfall
    from dagster_project.privacy.readings import note_reading

    with truthful_exits(), open_published(home) as con:
        settings = load_settings(home=home)
        used = model.chosen(settings.model)
        try:
            if other:
                found = explaining.explain_pair(con, what, other, model=used)
                told, evidence = sentences.tell_pair(found), found.evidence
                read = found.profiles.values()
            else:
                found = explaining.explain_profile(con, what)
                told, evidence = sentences.tell_profile(found), None
                read = [found.profile_id]
        except explaining.NotFound as error:
            raise Refusal(str(error), DATA_FAILED) from None
        if svg and not evidence:
            raise Refusal("there is a picture of two records that were compared, and of nothing else", USAGE)
        note_reading(settings, "explain", read)
        if svg:
            svg.write_text(waterfall.to_svg(evidence) + "\n", encoding="utf-8")
        if html:
            pictures = {sentences.EVIDENCE: waterfall.to_svg(evidence)} if evidence else {}
            html.write_text(page.page(told, pictures=pictures), encoding="utf-8")
    if as_json:
        words = [line for section in told for line in section.lines]
        said = asdict(found) | ({"same_person": found.same_person} if other else {})
        click.echo(json.dumps(said | {"words": words}, indent=1, default=str))
        return
    show_told(told, pictures={sentences.EVIDENCE: waterfall.to_text(evidence)} if evidence else {})
    for path in filter(None, (html, svg)):
        console.print(f"\nWritten to {path}", markup=False, soft_wrap=True)


@main.group()
def quality() -> None:
    """The rules, budgets, checks and expectations that data must pass.

    Example: cdp quality list
    """


@quality.command("list")
@click.option("--home", type=click.Path(path_type=Path), help="What the pipeline owns.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def quality_list(home: Path | None, as_json: bool) -> None:
    """Every rule, budget, check and expectation: what it is about, and how grave its failure is.

    Example: cdp quality list
    """
    from dagster_project.catalog import load_catalog
    from dagster_project.quality import list_rules

    with truthful_exits():
        settings = load_settings(home=home)
        found = list_rules(settings, load_catalog(settings))
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=1))
        return
    columns = ("kind", "about", "claim", "severity", "what follows")
    show_grid("", columns, [(one.kind, one.about, one.claim, one.severity, one.effect) for one in found])


@quality.command("propose")
@click.argument("table", metavar="TABLE")
@click.option("--write", is_flag=True, help="Write the files beside the model, unless they are there.")
@click.option("--home", type=click.Path(path_type=Path), help="What the pipeline owns.")
def quality_propose(table: str, write: bool, home: Path | None) -> None:
    """Propose expectations about a table from what it holds now; review them like code.

    Example: cdp quality propose golden.sessions
    """
    from dagster_project.catalog import load_catalog
    from dagster_project.glossary import load_glossary
    from dagster_project.lake import Lake, connect
    from dagster_project.proposing import propose

    with truthful_exits():
        settings = load_settings(home=home)
        catalog, lake = load_catalog(settings), Lake(settings.lake)
        if table not in catalog:
            raise Refusal(f"there is no table {table}; name one with its layer, as golden.orders", USAGE)
        con = connect(threads=settings.threads, memory=settings.memory_limit)
        lake.view(con, table)
        glossary = load_glossary(settings.sql / "columns.csv")
        found = propose(con, table, catalog[table].grain, glossary)
        con.close()
        files = {
            settings.sql / f"{table.replace('.', '/')}.{ending}": text
            for ending, text in (("metrics.sql", found.metrics), ("suite.json", found.suite))
        }
        if write and any(path.exists() for path in files):
            raise Refusal(f"{table} has a suite already; nothing was written", USAGE)
        for path, text in files.items():
            if write:
                path.write_text(text, encoding="utf-8")
            click.echo(f"{path.name}{' written' if write else ''}\n\n{text}")


@main.group()
def segment() -> None:
    """Segments: what there is, what a file would make, and why somebody is in.

    Example: cdp segment preview vip_customers
    """


@contextmanager
def _segments(home: Path | None, what: str | None = None):
    """The published database, the settings and, where one is named, the segment."""
    from dagster_project.segments.looking import NoSegment, find_model
    from dagster_project.sql_models import ModelError

    with truthful_exits(), open_published(home) as con:
        settings = load_settings(home=home)
        try:
            yield con, settings, find_model(settings, what) if what else None
        except (NoSegment, ModelError) as error:
            raise Refusal(str(error), USAGE) from None



@segment.command("list")
@HOME
@AS_JSON
def segment_list(home: Path | None, as_json: bool) -> None:
    """All segments: how many are in, what the last night changed, which are held.

    Example: cdp segment list --home data
    """
    from dagster_project.segments.looking import overview

    with _segments(home) as (con, _, _):
        found = overview(con)
    if as_json:
        click.echo(json.dumps(found, indent=1))
        return
    show_grid(
        "",
        ("segment", "title", "owner", "people", "entered", "left", "held"),
        [
            (one["segment"], one["title"], one["owner"], f"{one['size']:,}",
             *(f"{one[f'{moved}_count']:,}" if one[f"{moved}_count"] else ""
               for moved in ("entered", "left")), one["held_reason"])
            for one in found
        ],
    )


@segment.command("show")
@click.argument("name")
@HOME
@AS_JSON
def segment_show(name: str, home: Path | None, as_json: bool) -> None:
    """One segment: what it means, its query (also that of a YAML file), sizes, overlaps.

    Example: cdp segment show vip_customers
    """
    from dagster_project.segments.looking import details

    with _segments(home, name) as (con, _, model):
        found = details(con, model)
    if as_json:
        click.echo(json.dumps(found, indent=1, default=str))
        return
    console.print(f"\n{found['title']}  {found['segment']}", style="bold", markup=False)
    about = f"{found['purpose']}, owned by {found['owner']}, {found['file']}"
    for line in (found["description"], about):
        console.print(f"  {line}", markup=False, soft_wrap=True)
    if found["guards"]:
        console.print(f"  guards: {found['guards']}", markup=False)
    console.print(f"\n{found['sql']}", markup=False, soft_wrap=True)
    for now in found["published"]:
        reach = ", ".join(
            f"{now[f'{by}_reachable_count']:,} by {word}"
            for by, word in (("email", "e-mail"), ("sms", "SMS"), ("ads", "advertising"))
        )
        console.print(f"\n{_people(now['size'])}, of whom may be reached: {reach}", markup=False)
        if now["is_held"]:
            console.print(f"held as last published: {now['held_reason']}", markup=False)
    if not found["published"]:
        console.print("\nnot published yet; cdp run does it, cdp segment preview shows who would be in")
    show_grid("Night by night", ("night", "people", "entered", "left"),
          [tuple(row.values()) for row in found["sizes"]])
    show_grid("Also in", ("segment", "people", "of these", "of all in either"),
          [(row["other_segment"], f"{row['shared_count']:,}",
            f"{row['share']:.0%}", f"{row['jaccard']:.0%}")
           for row in found["overlaps"]])


@segment.command("new")
@click.argument("name")
@click.option("--yaml", "as_yaml", is_flag=True, help="Conditions in YAML instead of SQL.")
@HOME
@AS_JSON
def segment_new(name: str, as_yaml: bool, home: Path | None, as_json: bool) -> None:
    """Write a commented file to start a segment from.

    Example: cdp segment new spring_buyers --yaml
    """
    from dagster_project.segments.looking import NoSegment, write_new

    with truthful_exits():
        try:
            path = write_new(load_settings(home=home), name, as_yaml=as_yaml)
        except NoSegment as error:
            raise Refusal(str(error), USAGE) from None
    if as_json:
        click.echo(json.dumps({"segment": name, "file": str(path)}))
        return
    console.print(f"Written to {path}", markup=False, soft_wrap=True)
    click.echo(f"Change it, then look who would be in: cdp segment preview {name}")


@segment.command("preview")
@click.argument("what", metavar="NAME|FILE")
@HOME
@AS_JSON
def segment_preview(what: str, home: Path | None, as_json: bool) -> None:
    """Who would be in, enter and leave if the file went live, on what is published. Changes nothing.

    \b
    Example: cdp segment preview vip_customers
    Example: cdp segment preview /tmp/spring_buyers.yaml --json
    """
    from dagster_project.segments.looking import preview

    with _segments(home, what) as (_, settings, model):
        found = preview(settings, model)
    if as_json:
        click.echo(json.dumps(asdict(found), indent=1))
        return
    console.print(f"\n{model.fields['title']}  {found.segment}", style="bold", markup=False)
    now = "it is new" if found.is_new else f"now {found.before:,} are"
    console.print(f"  {_people(found.size)} would be in; {now}")
    console.print(f"  {found.entering:,} would enter, {found.leaving:,} would leave")
    if found.breach:
        when = " from its second night on" if found.is_new else ""
        console.print(f"  a guard would hold it{when}: {found.breach}", markup=False, soft_wrap=True)
    overlaps = [(name, f"{count:,}", f"{count / found.size:.0%}") for name, count in found.overlaps]
    show_grid("Also in", ("segment", "people", "of these"), overlaps)
    show_grid("Some of them", ("profile", "name"), found.sample)


@segment.command("explain")
@click.argument("name")
@click.argument("who", metavar="PROFILE")
@HOME
@AS_JSON
def segment_explain(name: str, who: str, home: Path | None, as_json: bool) -> None:
    """Why a person is in a segment, or is not: since when, what happened, which conditions hold.

    Example: cdp segment explain vip_customers p0123456789abcdef
    """
    from dagster_project.privacy.readings import note_reading
    from dagster_project.profile import find_profiles
    from dagster_project.segments.looking import explain as explain_one

    with _segments(home, name) as (con, settings, model):
        ids = find_profiles(con, who)
        if not ids:
            raise Refusal("no profile has that id or e-mail address", DATA_FAILED)
        note_reading(settings, "segment explain", ids)
        found = [explain_one(settings, con, model, profile_id) for profile_id in ids]
    if as_json:
        click.echo(json.dumps(found, indent=1, default=str))
        return
    for one in found:
        _show_membership(one)


def _show_membership(one: dict) -> None:
    from dagster_project.segments.looking import REASONS

    is_in = f"is not in {one['segment']}"
    for member in one["member"]:
        is_in = f"is in {one['segment']} since {member['entered_at']:%Y-%m-%d}"
    console.print(f"\n{one['profile_id']} {is_in}", style="bold", markup=False)
    for member in one["member"]:
        for what in ("reason", "score"):
            if member[what] is not None:
                console.print(f"  {what}: {member[what]}", markup=False, soft_wrap=True)
    for row in one["held"]:
        console.print(f"  the segment is held: {row['held_reason']}", markup=False, soft_wrap=True)
    for row in one["history"]:
        why = f"{row['reason']}: {REASONS[row['reason']]}"
        console.print(f"  {row['as_of']} {row['change']} by {why}", markup=False)
    if one["conditions"]:
        console.print("\n  As of the last run", style="italic")
    for row in one["conditions"]:
        mark = {True: "yes", False: "no", None: ""}[row["holds"]]
        words = row["words"]
        if row["holds"] is None:
            words = {"all": "all of these:", "any": "one of these:", "not": "not:"}[words]
        elif row["value"] not in ("true", "false"):
            words += f"   ({row['value'] or 'nothing is known'})"
        console.print(f"  {mark:<4}{'  ' * row['depth']}{words}", markup=False)


def _people(count: int) -> str:
    return f"{count:,} {'person' if count == 1 else 'people'}"


@main.command()
@EXPORTS
@HOME
@click.option("--alert", is_flag=True, help="Alert people (docs/operating.md) of what is an error.")
@AS_JSON
def doctor(exports: Path | None, home: Path | None, alert: bool, as_json: bool) -> None:
    """Is this home well: settings, disk, lock, versions, files, last run, deliveries; and the remedies.

    Changes nothing. The exit code is 1 if something is an error, 2 if the settings are.

    \b
    Example: cdp doctor --home data
    Example: cdp doctor --alert --json
    """
    from dagster_project import alerts
    from dagster_project.doctor import ERROR, examine

    with truthful_exits():
        settings = load_settings(exports=exports, home=home)
        found = examine(settings)
    errors = [one for one in found if one.status == ERROR]
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=1))
    else:
        _show_findings(found)
    if alert and errors:
        text = "\n\n".join(f"{one.about}: {one.words}\n{one.remedy}" for one in errors)
        title = f"cdp doctor found {len(errors)} error{'s' * (len(errors) > 1)}"
        sent = alerts.send(settings.alerts, title=title, text=text, facts={"kind": "doctor"})
        _tell_unsent(sent)
    sys.exit(DATA_FAILED if errors else DONE)


def _show_findings(found: Iterable) -> None:
    """A line for each thing, and under it what is to be done."""
    styles = {"ok": "green", "warn": "yellow", "error": "bold red"}
    for one in found:
        line = Text.assemble((f"{one.status:<6}", styles[one.status]), f"{one.about:<10} {one.words}")
        console.print(line, soft_wrap=True)
        if one.remedy:
            console.print(f"{'':<17}{one.remedy}", markup=False, soft_wrap=True)


def _tell_unsent(sent: Mapping[str, str | None]) -> None:
    """Which ways an alert did not go, and why."""
    for channel, problem in sent.items():
        if problem:
            click.echo(f"the alert by {channel} was not sent: {problem}", err=True)


@main.command()
@HOME
@click.option("--count", default=20, show_default=True, type=click.IntRange(min=1),
              help="So many at most.")
@AS_JSON
def runs(home: Path | None, count: int, as_json: bool) -> None:
    """The last runs, the latest first: how each ended, and which database is served and which are kept.

    Example: cdp runs --count 5
    """
    from dagster_project.history import past_runs

    with truthful_exits():
        settings = load_settings(home=home)
        found = past_runs(settings, count=count)
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=1))
        return
    rows = [
        (one.run_id or "(not over)", one.as_of, one.status, one.started_at[:16].replace("T", " "),
         *("" if n is None else f"{n:,.0f}" for n in (one.seconds, one.rows, one.profiles)),
         one.database)
        for one in found
    ]
    show_grid("", ("run", "as of", "ended as", "began", "seconds", "rows", "profiles", "database"), rows)
    if not found:
        click.echo(f"no run is known in {settings.home}; cdp run makes one")


@main.command()
@click.argument("run_id", metavar="[RUN]", required=False)
@HOME
@AS_JSON
def rollback(run_id: str | None, home: Path | None, as_json: bool) -> None:
    """Serve the publish before this one again, or a named one, in one step: both databases.

    Readers change over when they open the file again. Ids that were published stay issued. The next run
    publishes anew, so remove first what was wrong: the export, or the rule.

    \b
    Example: cdp rollback
    Example: cdp rollback 2026-06-01-0123abcd
    """
    from dagster_project.rollback import RollbackError, roll_back

    with truthful_exits():
        settings = load_settings(home=home)
        try:
            before, now = roll_back(settings, run_id)
        except RollbackError as error:
            raise Refusal(str(error), DATA_FAILED) from None
    if as_json:
        said = {"from": before.run_id, "to": now.run_id, "as_of": now.as_of}
        click.echo(json.dumps(said | {"database": str(settings.database)}, indent=1))
        return
    click.echo(
        f"Both databases are those of {now.run_id} again (as of {now.as_of}); until now {before.run_id} "
        "was served.\nThe next cdp run publishes anew: remove first what was wrong with "
        f"{before.run_id}, an export or a rule. To go back: cdp rollback {before.run_id}"
    )


def _scenario(context: click.Context, parameter: click.Parameter, name: str | None) -> str | None:
    from simulator.scenario import load

    try:
        if name:
            load(name)
    except (OSError, ValueError) as error:
        raise click.BadParameter(str(error)) from None
    return name


@main.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--people", default=1000, show_default=True, help="How many people there are.")
@click.option("--nights", default=1, show_default=True, help="How many nights of exports.")
@click.option("--seed", default=1, show_default=True, help="The same seed, the same bytes.")
@click.option("--scenario", callback=_scenario,
              help="What goes wrong besides: `month`, or a YAML file of switches.")
def simulate(target: Path, people: int, nights: int, seed: int, scenario: str | None) -> None:
    """Write a simulated company's exports, night by night, with the truth beside them.

    Example: cdp simulate /tmp/company --people 10000 --nights 30 --scenario month
    """
    from simulator import simulate as write

    with truthful_exits():
        write(target, people=people, nights=nights, seed=seed, scenario=scenario, progress=click.echo)
    click.echo(f"\nNow, in {target} (its cdp.toml says what the exports do not): cdp run")


@main.command()
@click.option("--people", default=2_000, show_default=True, type=click.IntRange(min=100))
@click.option("--nights", default=10, show_default=True, type=click.IntRange(min=1))
@click.option("--seed", default=1, show_default=True, help="The same seed, the same company.")
@click.option("--scenario", default="month", show_default=True, callback=_scenario,
              help="What goes wrong: `month`, `none`, or a YAML file of switches.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("scoreboard"),
              show_default=True, help="Where the page and the numbers go.")
@click.option("--keep", is_flag=True, help="Keep the company, its truth and its home beside them.")
@click.option("--links", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="Score these entities of another system, on the company that was kept.")
@click.option("--json", "as_json", is_flag=True, help="The numbers as JSON.")
def scoreboard(
    people: int, nights: int, seed: int, scenario: str, out: Path, keep: bool, links: Path | None,
    as_json: bool,
) -> None:
    """Take a simulated company through its nights and score each against the truth.

    Ends with 1 where a floor is not reached: of precision and recall, ids changed without cause, money,
    consents, faults, what is set aside, erasures, and night by night being equal to one run over everything.

    Example: cdp scoreboard --people 2000 --nights 10
    """
    from dagster_project.lake import write_atomically
    from dagster_project.pages import scoreboard_page
    from dagster_project.scoreboard.nights import run_nights, score_links
    from simulator import lay
    from simulator import simulate as write

    place = out / "company"
    if links:
        with truthful_exits():
            for on, measures in score_links(place, links):
                click.echo(scoreboard_page.night_line(on, measures))
        return
    with truthful_exits():
        shutil.rmtree(place, ignore_errors=True)
        write(
            place, people=people, nights=nights, seed=seed, scenario=scenario, is_told_nightly=True
        )
        say = (lambda words: None) if as_json else click.echo
        board = run_nights(place, people=people, seed=seed, deliver=lay, say=say)
        write_atomically(out / "scoreboard.json", board.to_json())
        write_atomically(out / "scoreboard.html", scoreboard_page.to_page(board))
        if not keep:
            shutil.rmtree(place)
    if as_json:
        click.echo(board.to_json())
    else:
        click.echo(f"\n{scoreboard_page.line(board)}")
        click.echo(f"The page: {out / 'scoreboard.html'}")
        for words in board.missed:
            click.echo(words, err=True)
    sys.exit(DATA_FAILED if board.missed else DONE)
