"""The gate before publishing: how much identity may change in one night without a person's word.

Here belong the diff of tonight against what is published, the budget, and what is remembered of a run
that is held and of a person's acceptance. What the diff is made of is in identity/diff.py, what it looks
like in pages/changes.py.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from dagster_project.identity import diff
from dagster_project.lake import quoted, write_atomically
from dagster_project.pages import changes
from dagster_project.pages.page import page
from dagster_project.run import Run
from dagster_project.settings import Settings

RECORDS, MEMBERS = "identity.profile_records", "marts.segment_members"
NO_MEMBERS = "select null::varchar as segment, null::varchar as profile_id where false"

REPORT = "identity_diff"
"""The diff's page and its table below reports/."""


class Held(Exception):
    """Identity changed by more than the budget; the message says what, how much, and what to do."""


class NotHeld(Exception):
    """What a person accepted is not what is held."""


def tonight(run: Run) -> diff.Diff | None:
    """Tonight's profiles against those last published; None in a first run."""
    return run.once("identity diff", lambda: _compare(run))


def check(run: Run) -> None:
    """Write the diff's page; raises Held where it is over the budget and nobody accepted it."""
    found = tonight(run)
    if found is None or run.state.origin["run_id"] == run.run_id:
        return
    budget = run.settings.identity_budget
    is_held = found.share > budget and not _is_accepted(run, found)
    verdict = [f"Compared with what run {run.state.origin['run_id']} published."]
    verdict += changes.tell_verdict(found, budget=budget)
    if is_held:
        verdict.append(f"Nothing is published. To publish it all the same: cdp accept {run.run_id}")
    title = f"What run {run.run_id} changes in identity"
    told = changes.tell(found, title=title, verdict=verdict)
    where = write_report(run, found, REPORT, page(told))
    if not is_held:
        return
    note = {"run_id": run.run_id, "as_of": run.as_of.isoformat(), "fingerprint": found.fingerprint}
    write_atomically(_held_path(run.settings), json.dumps(note) + "\n")
    raise Held("\n".join(changes.tell_held(found, run_id=run.run_id, budget=budget, where=where)))


def held(settings: Settings, run_id: str) -> dict:
    """What is remembered of the held run of that name. Raises NotHeld."""
    found = _read(_held_path(settings))
    if not found:
        raise NotHeld("no run is held, so there is nothing to accept")
    if found["run_id"] != run_id:
        raise NotHeld(f"{run_id} is not held; the run that is held is {found['run_id']}")
    return found


def accept(run: Run, run_id: str) -> None:
    """Note that a person accepted a held run, if the lake still holds what that run made."""
    was = held(run.settings, run_id)
    found = tonight(run)
    if run.run_id != run_id or found is None or found.fingerprint != was["fingerprint"]:
        raise NotHeld(
            f"since {run_id} was held, something it was made from has changed: exports, settings or "
            "code. Run cdp run again and judge what that says"
        )
    said = was | {"accepted_at": datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="seconds")}
    path = _accepted_path(run.settings)
    write_atomically(path, json.dumps([*(_read(path) or ()), said], indent=1) + "\n")


def release(run: Run) -> None:
    """Forget what was held: another run was published."""
    _held_path(run.settings).unlink(missing_ok=True)


def write_report(run: Run, found: diff.Diff, name: str, text: str) -> Path:
    """Write a diff's page, and beside it the table with a row for every change. Returns the page."""
    reports = run.settings.home / "reports"
    write_atomically(reports / f"{name}.html", text)
    if found.changed:
        write_csv(run, "from identity_diff order by rank", reports / f"{name}.csv")
    else:
        (reports / f"{name}.csv").unlink(missing_ok=True)
    return reports / f"{name}.html"


def write_csv(run: Run, relation: str, path: Path) -> None:
    """Replace a CSV file in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = path.with_name(f".{path.name}")
    run.con.execute(f"copy ({relation}) to {quoted(staged)} (format csv, header)")
    staged.rename(path)


def _compare(run: Run) -> diff.Diff | None:
    manifest = run.state.lake.manifest(RECORDS)
    if not manifest:
        return None
    if manifest.version == run.lake.version(RECORDS):
        return diff.Diff(manifest.notes["rows"], 0)
    for name in diff.READS:
        run.lake.view(run.con, name)
    return diff.compare(
        run.con,
        records_before=run.state.lake.scan(RECORDS),
        records_now=run.lake.scan(RECORDS),
        members_before=run.state.relation(MEMBERS, NO_MEMBERS),
        members_now=run.lake.scan(MEMBERS),
    )


def _is_accepted(run: Run, found: diff.Diff) -> bool:
    accepted = _read(_accepted_path(run.settings)) or ()
    this = (run.run_id, found.fingerprint)
    return any((one["run_id"], one["fingerprint"]) == this for one in accepted)


def _read(path: Path) -> dict | list | None:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def _held_path(settings: Settings) -> Path:
    return settings.state / "held.json"


def _accepted_path(settings: Settings) -> Path:
    return settings.state / "accepted.json"
