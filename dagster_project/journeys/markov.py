"""What each channel is worth by what would be lost without it: journeys as a Markov chain.

Anderl, Becker, von Wangenheim, Schumann (2016), Mapping the customer journey, with a chain of the first
order. How often journeys went from one channel to the next is counted in SQL
(golden.journey_transitions); credit is spread over orders there too (marts.attribution).
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable

import numpy as np

from dagster_project.making import Made, Table, make_table
from dagster_project.run import Run

START, ORDER, LEFT = "(start)", "(order)", "(left)"

REMOVALS = "golden.channel_removals"
INPUTS = ("golden.journey_transitions",)
GRAIN = ("channel",)


def removal_effects(transitions: Iterable[tuple[str, str, int]]) -> dict[str, float]:
    """Channel -> share of the orders that would be lost if every journey ended where it stands.

    `transitions` are (from, to, how often); every channel is left for somewhere. A removed channel is a
    place that nobody leaves. Empty where no journey led to an order.
    """
    counts = {(here, there): count for here, there, count in transitions if count > 0}
    channels = sorted({here for here, _ in counts} - {START})
    places = [START, *channels]
    at = {place: number for number, place in enumerate(places)}
    moves = np.zeros((len(places), len(places)))
    orders = np.zeros(len(places))
    left = np.zeros(len(places))
    for (here, there), count in sorted(counts.items()):
        if there in (ORDER, LEFT):
            (orders if there == ORDER else left)[at[here]] += count
        else:
            moves[at[here], at[there]] += count
    total = np.maximum(moves.sum(axis=1) + orders + left, 1)
    moves, orders = moves / total[:, None], orders / total
    before = _chance_of_order(moves, orders)
    if before == 0:
        return {}
    effects = {}
    for channel in channels:
        stays = np.arange(len(places)) != at[channel]
        without = _chance_of_order(moves[np.ix_(stays, stays)], orders[stays])
        effects[channel] = 1 - without / before
    return effects


def _chance_of_order(moves: np.ndarray, orders: np.ndarray) -> float:
    """Of ever coming to an order from the first place, where the rest of each row leads nowhere."""
    return float(np.linalg.solve(np.eye(len(orders)) - moves, orders)[0])


def shares(effects: dict[str, float], credited: Iterable[str]) -> dict[str, float]:
    """The removal effects of the `credited` channels, in proportion, to nine digits.

    A chain of the first order also gives credit to channels that merely led to others; those that were
    in no journey with an order are not credited.
    """
    kept = {channel: effects[channel] for channel in sorted(credited)}
    whole = sum(kept.values())
    return {channel: round(effect / whole, 9) for channel, effect in kept.items()}


def credited(rows: Iterable[tuple[str, str, int, int]]) -> set[str]:
    """The channels of journeys with an order; the last of each row counts those journeys."""
    return {there for _, there, _, ordered in rows if ordered > 0} - {ORDER}


# Table ---------------------------------------------------------------------------------------------


def tables() -> list[Table]:
    about = "One row per channel: the share of orders that would be lost without it, and its credit."
    return [Table(REMOVALS, about, GRAIN, INPUTS, _make)]


def _make(run: Run) -> Made:
    def compute() -> str:
        rows = run.con.execute(
            "select from_step, to_step, transition_count, ordered_count from golden.journey_transitions"
        ).fetchall()
        effects = removal_effects(row[:3] for row in rows)
        credit = shares(effects, credited(rows))
        run.con.execute(
            """create or replace temp table channel_removals as
            select unnest($channels::varchar[]) as channel,
                unnest($effects::double[]) as removal_effect,
                unnest($shares::double[]) as share""",
            {
                "channels": list(effects),
                "effects": [round(effect, 9) for effect in effects.values()],
                "shares": [credit.get(channel, 0.0) for channel in effects],
            },
        )
        return "from channel_removals"

    code = [inspect.getsource(each) for each in (removal_effects, _chance_of_order, credited, shares)]
    return make_table(run, REMOVALS, code=code, inputs=INPUTS, grain=GRAIN, compute=compute)
