"""One run on a page: the verdict and what changed first, then what it is made of, then the last runs.

Here belongs how a run is said and drawn. Its facts are gathered in reporting.py, how it ended is told
by ending.py. A part that the run did not come to is None and says so. The page names records, files
and tables, and holds no value of a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dagster_project.ending import CURRENT, HELD, PUBLISHED, Ending
from dagster_project.identity.diff import Diff
from dagster_project.pages import plots
from dagster_project.pages.changes import percent
from dagster_project.pages.page import document, text
from dagster_project.pages.score_report import TITLES
from dagster_project.pages.sentences import label
from dagster_project.run import Step

DEAREST = 10
"""So many steps are told with their seconds; the others only as their layer's sum."""

PUBLISHING = "publishing and the rest"
"""What takes time and room beside the making of tables."""

SEVERITIES = ("blocking", "warning", "info")
_TONES = dict(zip(SEVERITIES, ("bad", "warn", "even")))

EXPIRED = {
    "events": "events",
    "visitors": "events of unknown visitors",
    "third_party": "bought values",
    "quarantine": "rows set aside",
    "readings": "months of readings",
    "versions": "tables with replaced rows",
    "publishes": "databases and states",
    "reports": "reports",
    "logs": "logs",
}
"""What went, by the setting that says how long it is kept."""

REASONS = ("new_people", "behaviour", "definition", "merges", "splits", "erasures")


@dataclass(frozen=True)
class Check:
    """One check or expectation: `told` is what was observed, or where what is wrong can be seen.
    `severity` is blocking, warning or info; `failing_rows` is None where it could not be asked."""

    table: str
    claim: str
    severity: str
    passed: bool
    failing_rows: int | None
    told: str


@dataclass(frozen=True)
class Facts:
    """What is known of a run. Rows are mappings with the names of their tables' columns.

    `runs` are the entries of the last runs, the oldest first and this one last. `bytes` is what it
    wrote, by layer. `serves` is the run whose database is served now.
    """

    run_id: str
    as_of: str
    started_at: datetime
    finished_at: datetime
    ending: Ending
    serves: str | None
    currency: str
    budget: float
    cpu_seconds: float
    peak_bytes: int
    bytes: Mapping[str, int]
    steps: Sequence[Step]
    checks: Sequence[Check]
    runs: Sequence[Mapping]
    sources: Sequence[Mapping] | None = None
    statuses: Sequence[Mapping] | None = None
    set_aside: Sequence[Mapping] | None = None
    bridges: Sequence[Mapping] | None = None
    people: Mapping | None = None
    clusters: Sequence[Mapping] | None = None
    diff: Diff | None = None
    accuracy: Sequence[Mapping] | None = None
    segments: Sequence[Mapping] | None = None
    scores: Sequence[Mapping] | None = None
    expired: Mapping[str, int] | None = None

    @property
    def seconds(self) -> float:
        return (self.finished_at - self.started_at).total_seconds()


def render(facts: Facts, *, reports: str = "") -> str:
    """The whole page. `reports` leads from it to the folder of the reports, as in '../'."""
    parts = (
        ("What changed", _changed(facts)),
        ("Sources", _sources(facts)),
        ("Identity", _identity(facts, reports)),
        ("Segments", _segments(facts)),
        ("Scores", _scores(facts, reports)),
        ("Checks", _checks(facts)),
        ("Time and cost", _cost(facts)),
        ("The last runs", _trends(facts)),
    )
    links = "".join(f'<a href="#{_anchor(title)}">{title}</a>' for title, _ in parts)
    body = "\n".join(
        f'<section id="{_anchor(title)}"><h2>{title}</h2>\n{"".join(content)}</section>'
        for title, content in parts
    )
    header = "".join(_verdict(facts, reports))
    return document(
        f"Run {facts.run_id}: {facts.ending.status}",
        f"<main>\n{header}\n<nav>{links}</nav>\n{body}\n{_footer(reports)}</main>",
        style=STYLE,
    )


# The verdict ---------------------------------------------------------------------------------------


def _verdict(facts: Facts, reports: str) -> Iterable[str]:
    ending = facts.ending
    yield (
        f'<header class="{_kind(ending.status)}"><p class="meta">Run <b>{text(facts.run_id)}</b> as of '
        f"{text(facts.as_of)}, {facts.started_at:%Y-%m-%d %H:%M} UTC, {_duration(facts.seconds)}</p>"
    )
    yield f'<h1><span class="badge">{text(ending.status)}</span>{_sentence(facts)}</h1>'
    for failure in ending.failures:
        yield f'<p class="remedy"><b>What to do.</b> {text(failure.remedy)}</p>'
        lines = failure.reason.splitlines()
        if len(lines) > 1:
            said = "".join(f"<li>{text(line.strip())}</li>" for line in lines)
            yield f"<details open><summary>All that was said</summary><ul>{said}</ul></details>"
    if ending.status == HELD and facts.diff and facts.diff.changed:
        yield f'<p><a href="{reports}identity_diff.html">What would merge and split, and why</a></p>'
    notes = list(_notes(facts))
    if notes:
        yield "<ul class=\"notes\">" + "".join(f"<li>{note}</li>" for note in notes) + "</ul>"
    yield "</header>"


def _sentence(facts: Facts) -> str:
    if facts.ending.status == PUBLISHED:
        return f"{_people(facts)}{_came_in(facts)}"
    if facts.ending.status == CURRENT:
        return f"Nothing differs from what run {text(facts.serves)} published; it still serves."
    failure = facts.ending.failures[0]
    lines = [line.strip().rstrip(".") for line in failure.reason.splitlines()]
    what = "" if failure.is_check else f"{failure.what}: "
    serves = f"Run {text(facts.serves)} still serves" if facts.serves else "There is no earlier one"
    diff = facts.diff
    if facts.ending.status == HELD and diff and diff.share > facts.budget:
        return (
            f"{diff.changed:,} of {diff.known:,} known records would change profile, "
            f"{percent(diff.share)}, where {percent(facts.budget)} may. Nothing was published. {serves}."
        )
    if facts.ending.status == HELD:
        return f"{text(lines[min(1, len(lines) - 1)])}. Nothing was published. {serves}."
    return f"{text(what)}{text(lines[0])}. Nothing was published. {serves}."


def _people(facts: Facts) -> str:
    if not facts.people:
        return "A new database is served."
    return f"{facts.people['profiles']:,} people from {facts.people['records']:,} source records."


def _came_in(facts: Facts) -> str:
    if facts.sources is None:
        return ""
    new = sum(row["new_rows_read"] for row in facts.sources)
    aside = sum(row["new_rows_quarantined"] for row in facts.sources)
    if not new:
        return " No new rows came in."
    return f" {_count(new, 'new row')} came in, {f'{aside:,} of them' if aside else 'none'} set aside."


def _notes(facts: Facts) -> Iterable[str]:
    """What is worth a look although nothing is wrong with the run."""
    whole = sum(row["new_files_quarantined"] for row in facts.sources or ())
    if whole:
        yield f'<a href="#sources">{_count(whole, "new file")} set aside as a whole</a>'
    warned = [one for one in facts.checks if not one.passed and one.severity == "warning"]
    if warned:
        yield f'<a href="#checks">{_count(len(warned), "check")} warn{"s" * (len(warned) == 1)}</a>'
    held = [row for row in facts.segments or () if row["is_held"]]
    if held:
        yield f'<a href="#segments">{_count(len(held), "segment")} held as last published</a>'
    fallen = [row for row in facts.accuracy or () if row["is_fallen"]]
    if fallen:
        kinds = _count(len(fallen), "kind")
        yield f'<a href="#identity">accuracy fell in {kinds} of pairs: cdp train</a>'
    if erased := sum(row.get("new_rows_erased", 0) for row in facts.sources or ()):
        yield f"{_count(erased, 'row')} of people who were erased went, or came again and were dropped"
    if facts.expired:
        went = ", ".join(f"{count:,} {EXPIRED[name]}" for name, count in sorted(facts.expired.items()))
        yield f"gone, since it was kept as long as it may be: {went}"


# What changed --------------------------------------------------------------------------------------


def _changed(facts: Facts) -> Iterable[str]:
    if facts.bridges is None:
        yield _missing("The run ended before its numbers were made.")
        return
    if facts.ending.status == CURRENT and facts.serves == facts.run_id:
        yield '<p class="said">Nothing since; this is what it changed when it was published.</p>'
    elif not facts.ending.is_good:
        yield '<p class="said">This is what publishing the run would change.</p>'
    told = [row for row in facts.bridges if not row["number"].startswith("members of ")]
    yield '<div class="tiles">' + "".join(_number_tile(row, facts.currency) for row in told) + "</div>"
    headings = ("", "Before", *(label(reason).capitalize() for reason in REASONS), "Now")
    rows = [
        (
            text(row["number"].capitalize()),
            _amount(row["number_before"]),
            *(_signed(row[f"by_{reason}"]) for reason in REASONS),
            f"<b>{_amount(row['number_after'])}</b>",
        )
        for row in told
    ]
    yield _table(headings, rows, numbers=range(1, 9))
    yield (
        '<p class="said">Each number leads from the night before to now: new people, what known people '
        "did, definitions that were edited, profiles merged and split, people erased.</p>"
    )


def _number_tile(row: Mapping, currency: str) -> str:
    unit = f' <span class="unit">{text(currency)}</span>' if row["number"] == "revenue" else ""
    change = row["number_after"] - row["number_before"]
    said = f"{_signed(change)} since the night before" if change else "as before"
    if not row["number_before"]:
        said = "the first night"
    return _tile(text(row["number"].capitalize()), _amount(row["number_after"]) + unit, said)


# Sources -------------------------------------------------------------------------------------------


def _sources(facts: Facts) -> Iterable[str]:
    if facts.sources is None:
        yield _missing("The run ended before all files were read.")
        return
    total = {
        name: sum(row[name] for row in facts.sources)
        for name in ("files", "rows_read", "rows_accepted", "rows_quarantined", "new_rows_read")
    }
    most = max((row["rows_read"] for row in facts.sources), default=0)
    headings = ("System", "Export", "Files", "Read", "", "Accepted", "Set aside", "New rows")
    shown = [None, *(row["system"] for row in facts.sources)]
    rows = [
        (
            text(row["system"] or "not recognised") if row["system"] != before or not before else "",
            text(row["export"] or ""),
            f"{row['files']:,}",
            f"{row['rows_read']:,}",
            plots.bar(row["rows_read"], most),
            f"{row['rows_accepted']:,}",
            _quiet(row["rows_quarantined"]),
            _signed(row["new_rows_read"]),
        )
        for row, before in zip(facts.sources, shown)
    ]
    foot = ("All", "", f"{total['files']:,}", f"{total['rows_read']:,}", "",
            f"{total['rows_accepted']:,}", f"{total['rows_quarantined']:,}",
            _signed(total["new_rows_read"]))
    statuses = ", ".join(f"{row['files']:,} {text(row['status'])}" for row in facts.statuses or ())
    yield f'<p class="said">Files: {statuses or "none"}. Every row read is accepted or set aside. '\
        "New rows are those that the last published run did not have.</p>"
    yield _table(headings, rows, numbers=(2, 3, 5, 6, 7), foot=foot)
    yield "<h3>Set aside</h3>"
    if not facts.set_aside:
        yield '<p class="said">Nothing.</p>'
        return
    rows = [
        (
            _counted(row),
            f"{text(row['reason'])}{_column(row)}",
            text(row["expected"] or ""),
            text(row["remedy"] or ""),
            "<br>".join(_place(*place) for place in row["examples"]),
        )
        for row in facts.set_aside
    ]
    yield _table(("How much", "Reason", "Expected", "What to do", "For example"), rows, numbers=())


def _counted(row: Mapping) -> str:
    if row["first_row"] is None:
        return _count(row["files"], "whole file")
    return f"{_count(row['rows'], 'row')} of {_count(row['files'], 'file')}"


def _column(row: Mapping) -> str:
    return f" in <code>{text(row['column_name'])}</code>" if row["column_name"] else ""


def _place(path: str, row_number: int | None) -> str:
    return f'<span class="path">{text(path)}</span>' + (f", row {row_number:,}" if row_number else "")


# Identity ------------------------------------------------------------------------------------------


def _identity(facts: Facts, reports: str) -> Iterable[str]:
    people = facts.people
    if not people or facts.clusters is None:
        yield _missing("The run ended before it knew who is who.")
        return
    rate = people["linked_records"] / people["records"] if people["records"] else 0
    known = people["known_visitors"] / people["visitors"] if people["visitors"] else 0
    yield '<div class="pair"><div><h3>Who is there</h3>'
    yield _list(
        ("People", f"{people['profiles']:,}"),
        ("Source records", f"{people['records']:,}"),
        ("Records that are with another of their person", percent(rate)),
        ("Visitors of the web site who are known", f"{percent(known)} of {people['visitors']:,}"),
        ("The largest profile", _count(people["largest"], "record")),
    )
    yield "<h3>Since the last published run</h3>"
    if facts.diff is None:
        yield '<p class="said">It is the first one.</p>'
    else:
        yield _list(
            ("Known records in another profile", f"{facts.diff.changed:,} of {facts.diff.known:,}"),
            ("Share, and the budget", f"{percent(facts.diff.share)}, {percent(facts.budget)}"),
            *((f"Profiles {kind}", f"{count:,}") for kind, count in facts.diff.kinds),
        )
        yield f'<p><a href="{reports}identity_diff.html">All of it, with the reasons</a></p>'
    yield "</div><div><h3>Profiles by the number of their records</h3>"
    most = max((row["profiles"] for row in facts.clusters), default=0)
    rows = [
        (text(row["size"]), plots.bar(row["profiles"], most), f"{row['profiles']:,}")
        for row in facts.clusters
    ]
    yield _table(("Records", "", "Profiles"), rows, numbers=(2,))
    yield "</div></div>"
    yield "<h3>Accuracy, measured without labels</h3>"
    if not facts.accuracy:
        yield '<p class="said">No vendor names pairs to measure it by.</p>'
        return
    yield (
        '<p class="said">Pairs whose vendor says that they are, or are not, one person, and which '
        "linkage had to judge without that key. The truth lies in the bar with 95 % confidence.</p>"
    )
    rows = [
        (
            text(row["measure"].capitalize()),
            text(row["subset"]),
            f"{row['pair_count']:,}",
            plots.interval(row["low"], row["estimate"], row["high"]),
            f"{row['estimate']:.3f}",
            f"{row['low']:.3f} to {row['high']:.3f}"
            + '<br><b class="warn">lower than before</b>' * row["is_fallen"],
        )
        for row in facts.accuracy
    ]
    headings = ("Measure", "Of pairs", "Pairs", "", "Estimate", "Between")
    main = [row for row, fact in zip(rows, facts.accuracy) if fact["is_main"] or fact["is_fallen"]]
    yield _table(headings, main or rows, numbers=(2, 4, 5))
    if main and len(main) < len(rows):
        yield "<details><summary>By kind of pair</summary>"
        yield _table(headings, rows, numbers=(2, 4, 5))
        yield "</details>"


# Segments and scores -------------------------------------------------------------------------------


def _segments(facts: Facts) -> Iterable[str]:
    if facts.segments is None:
        yield _missing("The run ended before the segments were made.")
        return
    most = max((row["size"] for row in facts.segments), default=0)

    def row_of(row: Mapping) -> tuple[str, ...]:
        held = f'<br><b class="warn">held: {text(row["held_reason"])}</b>' if row["is_held"] else ""
        return (
            f'{text(row["title"])}<br><code>{text(row["segment"])}</code>{held}',
            f"{row['size']:,}",
            plots.bar(row["size"], most),
            _signed(row["entered"]),
            _signed(-row["left"]),
            f"{row['email_reachable_count']:,}",
            f"{row['sms_reachable_count']:,}",
            f"{row['ads_reachable_count']:,}",
        )

    headings = ("Segment", "People", "", "Entered", "Left", "By e-mail", "By SMS", "By ads")
    told = sorted(facts.segments, key=lambda row: (not row["is_held"], -row["size"], row["segment"]))
    filled = [row_of(row) for row in told if row["size"] or row["is_held"] or row["left"]]
    empty = [row for row in told if not (row["size"] or row["is_held"] or row["left"])]
    if filled:
        yield _table(headings, filled, numbers=(1, 3, 4, 5, 6, 7))
    if empty:
        names = ", ".join(text(row["title"]) for row in empty)
        yield f'<p class="said">Nobody is in {_count(len(empty), "segment")}: {names}.</p>'


def _scores(facts: Facts, reports: str) -> Iterable[str]:
    if facts.scores is None:
        yield _missing("The run ended before the scores were made.")
        return
    rows = [
        (
            text(TITLES.get(row["score"], label(row["score"]).capitalize())),
            '<b class="good">published</b>' if row["is_published"] else '<span class="soft">not</span>',
            _share(row["own"]),
            _share(row["naive"]),
            text(row["measured"]),
            text(row["reason"]),
        )
        for row in facts.scores
    ]
    yield _table(("Score", "", "Model", "Naive rule", "Measured by", "Why"), rows, numbers=(2, 3))
    yield f'<p><a href="{reports}scores.html">What the models learned, how calibrated they are</a></p>'


def _share(value: float | None) -> str:
    return '<span class="soft">unknown</span>' if value is None else f"{value:.3f}"


# Checks --------------------------------------------------------------------------------------------


def _checks(facts: Facts) -> Iterable[str]:
    failed = sorted(
        (check for check in facts.checks if not check.passed),
        key=lambda check: (SEVERITIES.index(check.severity), check.table, check.claim),
    )
    yield (
        f'<p class="said">{len(facts.checks) - len(failed):,} of '
        f"{_count(len(facts.checks), 'check')} passed. A blocking check that fails keeps the run from "
        "being published; one that warns does not.</p>"
    )
    if failed:
        rows = [
            (
                f'<b class="{_TONES[check.severity]}">{check.severity}</b>',
                f"<code>{text(check.table)}</code>",
                text(label(check.claim)),
                "not run" if check.failing_rows is None else f"{check.failing_rows:,}",
                text(check.told),
            )
            for check in failed
        ]
        yield _table(("", "Table", "Claim", "Rows", "What is wrong"), rows, numbers=(3,))
    if facts.checks:
        passed = sorted((check.table, check.claim) for check in facts.checks if check.passed)
        lines = "".join(f"<li><code>{text(a)}</code> {text(label(b))}</li>" for a, b in passed)
        yield f"<details><summary>Those that passed</summary><ul>{lines}</ul></details>"


# Time and cost -------------------------------------------------------------------------------------


def _cost(facts: Facts) -> Iterable[str]:
    made = [step for step in facts.steps if step.outcome in ("whole", "part")]
    current = sum(step.outcome == "unchanged" for step in facts.steps)
    yield '<div class="tiles">'
    for name, value, note in (
        ("Time", _duration(facts.seconds), f"{_duration(facts.cpu_seconds)} of a processor"),
        ("Peak memory", _size(facts.peak_bytes), "of the process"),
        ("Written", _size(sum(facts.bytes.values())), "to the lake and the database"),
        ("Tables made", f"{len(made):,}", f"{current:,} were current"),
    ):
        yield _tile(name, value, note)
    yield "</div>"
    layers: dict[str, float] = {}
    for step in facts.steps:
        layer = step.table.partition(".")[0]
        layers[layer] = layers.get(layer, 0) + step.seconds
    others = max(0.0, facts.seconds - sum(layers.values()))
    spent = [*layers.items(), (PUBLISHING, others)]
    most = max((seconds for _, seconds in spent), default=0)
    rows = [
        (text(name), f"{seconds:.1f}", plots.bar(seconds, most), _size(facts.bytes.get(name, 0)))
        for name, seconds in sorted(spent, key=lambda one: -one[1])
    ]
    yield '<div class="pair"><div><h3>By layer</h3>'
    yield _table(("Layer", "Seconds", "", "Written"), rows, numbers=(1, 3))
    dearest = sorted(facts.steps, key=lambda step: -step.seconds)[:DEAREST]
    most = max((step.seconds for step in dearest), default=0)
    rows = [
        (f"<code>{text(step.table)}</code>", f"{step.seconds:.2f}", plots.bar(step.seconds, most),
         f"{step.rows_written:,}")
        for step in dearest
    ]
    yield "</div><div><h3>The dearest steps</h3>"
    yield _table(("Table", "Seconds", "", "Rows written"), rows, numbers=(1, 3))
    yield "</div></div>"


# Trends --------------------------------------------------------------------------------------------


def _trends(facts: Facts) -> Iterable[str]:
    runs = facts.runs
    if len(runs) < 2:
        yield '<p class="said">This is the first one; plots begin with the next.</p>'
        return
    days = [run["as_of"] for run in runs]
    about = "How the last runs ended: " + ", ".join(f"{run['as_of']} {run['status']}" for run in runs)
    titles = [f"{run['run_id']}: {run['status']}" for run in runs]
    yield "<p>" + plots.strip([_kind(run["status"]) for run in runs], titles, about=about) + "</p>"
    read, aside = (_differences(runs, name) for name in ("rows_read", "rows_quarantined"))
    profiles, revenue, seconds, failed = (
        [run.get("numbers", {}).get(name) for run in runs]
        for name in ("profiles", "revenue", "seconds", "failed_checks")
    )
    shown = (
        ("New rows", "", read, plots.columns),
        ("Rows set aside", "", aside, plots.columns),
        ("People", "", profiles, plots.line),
        ("Revenue", facts.currency, revenue, plots.line),
        ("Seconds", "", seconds, plots.columns),
        ("Failed checks", "", failed, plots.columns),
    )
    yield '<div class="plots">'
    for name, unit, values, draw in shown:
        said = [f"{day}: {_amount(value)}" for day, value in zip(days, values)]
        known = [value for value in values if value is not None]
        last = _amount(known[-1]) if known else "unknown"
        between = f"{_amount(min(known))} to {_amount(max(known))}" if known else ""
        yield (
            f"<figure><figcaption><span>{name}</span><b>{last}</b> "
            f'<span class="unit">{text(unit)}</span></figcaption>'
            f"{draw(values, said, about=f'{name} of {len(runs)} runs')}"
            f'<p class="axis"><span>{text(days[0])}</span><span>{between}</span>'
            f"<span>{text(days[-1])}</span></p></figure>"
        )
    yield "</div>"


def _differences(runs: Sequence[Mapping], name: str) -> list[float | None]:
    """What each run added to a sum that only grows; unknown of the first one."""
    sums = [run.get("numbers", {}).get(name) for run in runs]
    return [None] + [
        None if None in (before, now) else max(0, now - before) for before, now in zip(sums, sums[1:])
    ]


# Words and marks -----------------------------------------------------------------------------------


def _table(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numbers: Iterable[int],
    foot: Sequence[str] = (),
) -> str:
    """A table of cells that are escaped already; `numbers` are the columns set to the right."""
    right = set(numbers)

    def line(cells: Sequence[str], tag: str) -> str:
        marked = (
            f"<{tag}{' class=n' if at in right else ' class=b' if '<svg' in cell else ''}>{cell}</{tag}>"
            for at, cell in enumerate(cells)
        )
        return f"<tr>{''.join(marked)}</tr>\n"

    body = "".join(line(row, "td") for row in rows)
    tail = f"<tfoot>{line(foot, 'td')}</tfoot>" if foot else ""
    head = line([text(heading) for heading in headings], "th")
    return f'<div class="wide"><table><thead>{head}</thead><tbody>{body}</tbody>{tail}</table></div>\n'


def _tile(name: str, value: str, note: str) -> str:
    return f'<div class="tile"><p>{name}</p><p class="value">{value}</p><p>{note}</p></div>'


def _list(*pairs: tuple[str, str]) -> str:
    lines = (f"<div><dt>{text(name)}</dt><dd>{text(value)}</dd></div>" for name, value in pairs)
    return f"<dl>{''.join(lines)}</dl>"


def _missing(why: str) -> str:
    return f'<p class="said">{why} Nothing of it is told rather than an earlier run’s.</p>'


def _footer(reports: str) -> str:
    pages = (("data_dictionary.html", "what every column means"), ("scores.html", "the scores’ models"))
    links = ", ".join(f'<a href="{reports}{name}">{words}</a>' for name, words in pages)
    return (
        "<footer>Counts, keys and names of files only; no value of a person. "
        f"Beside this page: {links}.</footer>"
    )


def _kind(status: str) -> str:
    return {PUBLISHED: "good", CURRENT: "even", HELD: "warn"}.get(status, "bad")


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _amount(value: object) -> str:
    return "unknown" if value is None else f"{value:,.0f}"


def _signed(value: object) -> str:
    if not value:
        return '<span class="soft">·</span>'
    return f"{'+' if value > 0 else '−'}{abs(value):,.0f}"


def _quiet(number: int) -> str:
    return f'<b class="warn">{number:,}</b>' if number else '<span class="soft">·</span>'


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _size(count: float) -> str:
    for unit in ("B", "KB", "MB"):
        if count < 1000:
            return f"{count:,.0f} {unit}" if count else '<span class="soft">·</span>'
        count /= 1000
    return f"{count:,.1f} GB"


STYLE = """
:root {
  color-scheme: light dark;
  --paper: #fff; --panel: #f6f7f9; --line: #e3e6ea; --ink: #1b1f24; --soft: #656d76;
  --mark: #3b76b8; --good: #1a7f4b; --warn: #9a6400; --bad: #bf3229; --even: #8b949e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #12151a; --panel: #1a1f26; --line: #2c333c; --ink: #e4e7eb; --soft: #969fa9;
    --mark: #6ca5e4; --good: #4cc088; --warn: #e0a940; --bad: #ff7f76; --even: #7d8691;
  }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.55 system-ui, sans-serif;
  font-variant-numeric: tabular-nums }
main { max-width: 70rem; margin: 0 auto; padding: 2.5rem 1.5rem 4rem }
a { color: var(--mark); text-decoration: none } a:hover { text-decoration: underline }
code { font: .92em ui-monospace, monospace; overflow-wrap: anywhere }
header { border-left: 4px solid var(--tone); padding: .1rem 0 .1rem 1.4rem }
.good { --tone: var(--good) } .warn { --tone: var(--warn) } .bad { --tone: var(--bad) }
.even { --tone: var(--even) }
.meta { margin: 0; color: var(--soft) } .meta b { color: var(--ink); font-weight: 600 }
h1 { font-size: 1.6rem; line-height: 1.35; font-weight: 600; letter-spacing: -.01em;
  margin: .5rem 0 .8rem; max-width: 58rem; overflow-wrap: anywhere }
.badge { display: inline-block; background: var(--tone); color: var(--paper); font-size: .8rem;
  letter-spacing: .02em; line-height: 1; padding: .4rem .65rem; border-radius: 1rem; margin-right: .7rem;
  vertical-align: .22em }
h2 { font-size: 1.2rem; font-weight: 600; margin: 0 0 .6rem }
h3 { font-size: .95rem; font-weight: 600; margin: 1.4rem 0 .3rem }
section { margin-top: 2.8rem; padding-top: 1.6rem; border-top: 1px solid var(--line) }
.remedy { background: var(--panel); border-radius: 8px; padding: .7rem 1rem; overflow-wrap: anywhere }
.notes { list-style: none; padding: 0; margin: .8rem 0 0; display: flex; flex-wrap: wrap; gap: .5rem }
.notes li { border: 1px solid var(--line); border-radius: 1rem; padding: .15rem .8rem; font-size: .9rem }
nav { display: flex; flex-wrap: wrap; gap: .3rem 1.3rem; margin-top: 1.8rem; font-size: .9rem }
.said { color: var(--soft); margin: .2rem 0 .8rem; max-width: 48rem; overflow-wrap: anywhere }
.soft, .unit { color: var(--soft) } .unit { font-size: .85rem; font-weight: 400 }
b.good, b.warn, b.bad, b.even { color: var(--tone); font-weight: 600 }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); gap: .8rem;
  margin: .8rem 0 1.2rem }
.tile { background: var(--panel); border-radius: 10px; padding: .9rem 1.1rem }
.tile p { margin: 0; color: var(--soft); font-size: .88rem }
.tile .value { color: var(--ink); font-size: 1.7rem; line-height: 1.3; font-weight: 600;
  letter-spacing: -.01em; white-space: nowrap }
.wide { overflow-x: auto } table { border-collapse: collapse; width: 100%; font-size: .9rem }
th, td { text-align: left; vertical-align: top; padding: .38rem .9rem .38rem 0;
  border-bottom: 1px solid var(--line) }
th { color: var(--soft); font-weight: 500; white-space: nowrap; vertical-align: bottom }
.n { text-align: right; white-space: nowrap } td:last-child, th:last-child { padding-right: 0 }
td.b { width: 16%; min-width: 4.5rem; padding-top: .8rem }
.pair td.b { width: 34% }
td code { color: var(--soft); white-space: nowrap } tfoot td { font-weight: 600; border-bottom: 0 }
.path { overflow-wrap: anywhere; font: .85em ui-monospace, monospace }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(25rem, 100%), 1fr));
  gap: 0 3rem }
.pair > div { min-width: 0 }
dl { margin: .3rem 0 } dl div { display: flex; justify-content: space-between; gap: 1rem;
  padding: .3rem 0; border-bottom: 1px solid var(--line) } dt { color: var(--soft) } dd { margin: 0;
  text-align: right }
details { margin: .35rem 0 } summary { cursor: pointer; color: var(--soft) }
details ul { columns: 22rem; font-size: .85rem; padding-left: 1.1rem; overflow-wrap: anywhere }
svg { display: block } .bar { width: 100%; height: .5rem; border-radius: 2px }
td .range { margin-top: -.25rem } .range { width: 100%; min-width: 7rem; height: auto }
.strip { max-width: 100% }
.plot { width: 100%; height: auto }
.mark { fill: var(--mark) } .mark.soft { opacity: .35 } .last { fill: var(--mark) }
.dot { fill: var(--mark); opacity: .55 } .line { fill: none; stroke: var(--mark); stroke-width: 2 }
.axis { stroke: var(--line) } .end { fill: var(--tone) }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(18rem, 100%), 1fr));
  gap: 1.6rem 2.4rem }
figure { margin: 0 } figcaption { display: flex; gap: .5rem; align-items: baseline;
  margin-bottom: .4rem }
figcaption span:first-child { color: var(--soft); flex: 1 }
figcaption b { font-size: 1.15rem; font-weight: 600 }
p.axis { display: flex; justify-content: space-between; margin: .2rem 0 0; color: var(--soft);
  font-size: .78rem }
footer { margin-top: 3rem; color: var(--soft); font-size: .85rem }
@media (max-width: 40rem) { main { padding: 1.2rem 1rem 3rem } h1 { font-size: 1.25rem } }
@media print { nav { display: none } section { break-inside: avoid } }
"""
