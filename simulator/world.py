"""World: everybody and everything as it stands tonight, which all systems look at.

People, goods, business customers, the truth collected so far, and who joins a system in a night.
What a system remembers by itself stays in the system's own module.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from simulator import company, lives, people
from simulator.chance import coin, stream
from simulator.files import Night
from simulator.turns import Turns


@dataclass
class World:
    """The state that one night hands to the next."""

    seed: int
    products: pl.DataFrame
    accounts: pl.DataFrame
    people: pl.DataFrame
    changed: np.ndarray
    truth: dict[str, list[pl.DataFrame]] = field(default_factory=dict)
    turns: Turns = field(default_factory=Turns)
    carried: list[tuple] = field(default_factory=list)
    progress: Callable[[str], None] | None = None

    def chance(self, *names: str | int) -> np.random.Generator:
        return stream(self.seed, *names)

    def say(self, text: str) -> None:
        if self.progress:
            self.progress(text)

    def note(self, table: str, rows: pl.DataFrame) -> None:
        self.truth.setdefault(table, []).append(rows)

    def note_records(self, prefix: str, ids: pl.Series, person: pl.Series) -> None:
        self.note("records", pl.DataFrame({
            "record_key": prefix + ids, "person": person.cast(pl.Int64),
        }))

    def happened(
        self,
        system: str,
        event_type: str | pl.Series,
        person: pl.Series,
        at: pl.Series | np.ndarray,
        record_id: pl.Series,
    ) -> None:
        """Note what people (null is a stranger) did, at seconds since 1970, in the export's ids."""
        self.note("events", pl.DataFrame({"person": person, "at": at, "record_id": record_id}).select(
            pl.col("person").cast(pl.Int64), pl.col("at").cast(pl.Int64),
            pl.lit(system).alias("system"), pl.lit(event_type).alias("event_type"), "record_id",
        ))

    def consented(self, said: pl.DataFrame) -> None:
        """Note what people said to marketing (record_key, person, channel, status, at)."""
        self.note("consents", said.select(
            "record_key", pl.col("person").cast(pl.Int64), "channel", "status",
            pl.from_epoch(pl.col("at").cast(pl.Int64)).alias("observed_at"),
        ))

    def joining(
        self, rng: np.random.Generator, is_member: np.ndarray, share, night: Night
    ) -> np.ndarray:
        """Positions of people who join a system: in the first night all of its members so far."""
        count = len(self.people)
        known = np.zeros(count, dtype=bool)
        known[: len(is_member)] = is_member
        if night.is_first:
            return np.flatnonzero(coin(rng, count, share))
        newcomer = np.arange(count) >= len(is_member)
        chance = np.where(newcomer, share, np.asarray(share) / (365 * 5))
        person = self.people["person"]
        chance = np.where(self.turns.among(self.turns.eager, person), 0.9, chance)
        return np.flatnonzero(coin(rng, count, chance) & ~known & ~self.is_dead(person))

    def is_dead(self, person: pl.Series) -> np.ndarray:
        return self.turns.among(self.turns.dead, person)


def begin(seed: int, count: int, night: Night, turns: Turns) -> World:
    accounts = company.business_customers(seed, count)
    crowd = people.make(stream(seed, "people"), count, accounts)
    span = lives.spans(stream(seed, "spans"), count, night.start, night.end)
    return World(
        seed=seed, products=company.products(seed), accounts=accounts,
        people=pl.concat([crowd, span], how="horizontal"), changed=np.zeros(count, dtype=bool),
        turns=turns,
    )


def next_night(world: World, night: Night) -> None:
    """A day of life: moves, marriages, newcomers (a third more people a year), a scenario's turns."""
    crowd, changed = people.a_night_passes(
        world.chance("changes", night.on.isoformat()), world.people
    )
    if world.turns.dead:
        rests = pl.Series(world.is_dead(crowd["person"]))
        before = pl.concat([world.people.filter(rests), crowd.filter(~rests)])
        crowd, changed = before.select(crowd.columns).sort("person"), changed & ~rests
    count = max(1, len(crowd) // 1000)
    fresh = people.make(
        world.chance("newcomers", night.on.isoformat()), count, world.accounts,
        first_person=len(crowd), first_household=int(crowd["household"].max()) + 1,
        taken=people.every_email(crowd),
    ).with_columns(begins=pl.lit(night.start, pl.Int64),
                   ends=pl.lit(night.end + 700 * lives.DAY, pl.Int64))
    world.people = pl.concat([crowd, fresh.select(crowd.columns)])
    world.changed = np.concatenate([changed.to_numpy(), np.zeros(count, dtype=bool)])
    world.turns.pass_night(world, night)
