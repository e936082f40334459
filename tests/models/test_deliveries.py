"""What a delivery has beside what is usual of its export, and beside what of it may be set aside."""

from datetime import datetime, timedelta

import pytest

FIRST = datetime(2026, 5, 1)
BUDGETS = [
    {
        "system": "shop", "export": "orders", "warning_share": 0.01, "blocking_share": 0.05,
        "overdue_nights": 7,
    }
]


def file(day: int, rows: int, *, aside: int = 0, name: str = "orders.csv") -> dict:
    return {
        "path": f"{day}/{name}", "sha256": f"{day}{name}", "system": "shop", "export": "orders",
        "delivered_at": FIRST + timedelta(days=day, hours=3), "status": "accepted", "rows_read": rows,
        "rows_accepted": rows - aside, "rows_quarantined": aside, "rows_erased": 0,
    }


@pytest.fixture
def last(made):
    def of(files, columns):
        given = {"raw.source_files": files, "raw.budgets": BUDGETS}
        return made("raw.deliveries", given, f"delivered_on, {columns}")[-1][1:]

    return of


@pytest.mark.parametrize(
    ("earlier", "rows", "verdict"),
    [
        ([9_000, 100, 110, 90, 100], 100, "usual"),
        ([9_000, 100, 110, 90, 100], 10, "far below"),
        ([9_000, 100, 110, 90, 100], 45, "below"),
        ([9_000, 100, 110, 90, 100], 600, "above"),
        ([9_000, 100, 110, 90, 100], 10_000, "far above"),
        ([9_000, 100, 110, 90], 1, "unknown"),
        # Closed on Sundays: a small day that was there before is usual.
        ([9_000, 100, 0, 110, 90, 100], 0, "usual"),
        # Of a few rows nothing can be said, unless they become very many.
        ([9, 10, 11, 9, 10], 0, "unknown"),
        ([9, 10, 11, 9, 10], 900, "unknown"),
        ([9, 10, 11, 9, 10], 1_100, "far above"),
    ],
)
def test_a_volume_is_told_from_the_median_of_those_before(last, earlier, rows, verdict):
    files = [file(day, count) for day, count in enumerate([*earlier, rows])]
    assert last(files, "volume_verdict") == (verdict,)


@pytest.mark.parametrize(
    ("aside", "verdict"), [(0, "within"), (10, "within"), (11, "warning"), (50, "warning"), (51, "over")]
)
def test_what_is_set_aside_is_told_from_the_budget(last, aside, verdict):
    assert last([file(0, 1_000, aside=aside)], "budget_verdict") == (verdict,)


def test_whom_somebody_asked_to_erase_is_no_mistake_of_the_delivery(last):
    erased = file(0, 1_000, aside=300) | {"rows_erased": 300}
    assert last([erased], "budget_verdict, set_aside_share") == ("within", 0)
    assert last([erased | {"rows_quarantined": 340}], "budget_verdict") == ("over",)


def test_a_small_file_is_never_over_its_budget(last):
    assert last([file(0, 30, aside=19)], "budget_verdict") == ("warning",)
    assert last([file(0, 30, aside=20)], "budget_verdict") == ("over",)


def test_files_of_one_day_are_one_delivery(last):
    files = [file(0, 100), file(0, 100, aside=8, name="more.csv")]
    assert last(files, "file_count, rows_read, rows_quarantined, budget_verdict") == (
        2, 200, 8, "warning")


def test_the_usual_interval_is_the_median_of_the_days_between(last):
    files = [file(day, 100) for day in (0, 7, 14, 22, 29)]
    assert last(files, "usual_interval_days") == (7,)
    assert last(files[:3], "usual_interval_days") == (None,)
