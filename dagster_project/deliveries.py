"""Which exports are expected, and which are late, as of a day of one's choice.

Here belongs what is asked of deliveries when no run is going on: doctor and alerts ask. What is usual
is said by marts.deliveries, what is late by the metrics beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from dagster_project.lake import Lake, connect, quoted
from dagster_project.settings import Settings

READS = ("marts.deliveries", "raw.budgets")


@dataclass(frozen=True)
class Expected:
    """One export: the day of its last delivery, days since then, and the days that usually lie between
    two deliveries: None where there were too few to know."""

    system: str
    export: str
    last_on: date
    days: int
    interval: float | None
    is_late: bool
    is_missing: bool

    @property
    def words(self) -> str:
        usual = "too few deliveries to know how often it comes"
        if self.interval is not None:
            usual = f"usually every {f'{self.interval:g} days' if self.interval != 1 else 'day'}"
        return f"{self.system} {self.export}: last on {self.last_on}, {self.days} days ago; {usual}"


def expected(settings: Settings, today: date) -> list[Expected]:
    """Every export that was ever delivered, as of a day; nothing before the first run."""
    lake = Lake(settings.lake)
    if not all(lake.manifest(table) for table in READS):
        return []
    metrics = (settings.sql / "marts" / "deliveries.metrics.sql").read_text(encoding="utf-8")
    with connect(threads=1) as con:
        for table in READS:
            lake.view(con, table)
        con.execute(f"create view raw.as_of as select timestamp {quoted(today.isoformat())} as as_of")
        rows = con.execute(
            f"""select system, export, max(delivered_on), arg_max(usual_interval_days, delivered_on),
                coalesce(max(nights_overdue) > 0, false), coalesce(max(nights_missing) > 0, false)
            from marts.deliveries inner join ({metrics}) using (system, export)
            group by system, export
            order by system, export"""
        ).fetchall()
    return [
        Expected(system, export, last_on, (today - last_on).days, interval, is_late, is_missing)
        for system, export, last_on, interval, is_late, is_missing in rows
    ]
