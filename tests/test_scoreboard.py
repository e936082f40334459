"""Ten nights in which everything goes wrong once, through the platform: every floor holds."""

from __future__ import annotations

from dagster_project.scoreboard.nights import run_nights
from simulator import lay, simulate


def test_ten_nights_of_a_company_reach_every_floor(tmp_path):
    simulate(tmp_path, people=2000, nights=10, scenario="month", is_told_nightly=True)
    board = run_nights(tmp_path, people=2000, seed=1, deliver=lay, say=lambda words: None)
    assert board.missed == []
    assert sum(night.erased for night in board.nights) and any(night.is_held for night in board.nights)
