"""Turns: what happens in lives, and to what systems keep of them, beyond moves and marriages.

Recycled numbers, households that split, deaths, new jobs, what a household shares, fraud, junk, clerks
who spoil and correct, erasures asked for. Each is a switch of a scenario; without one nothing happens
here. How a delivery goes wrong is in `mishaps`.
"""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from simulator import people, places
from simulator.chance import coin
from simulator.clerks import typos
from simulator.files import Night
from simulator.scenario import Scenario, Switch

_ADDRESS = ("street", "unit", "city", "region", "region_name", "postal_code")
_GANG = 6
JUNK_EMAIL, JUNK_PHONE = "test@test.com", "0000000000"


@dataclass(frozen=True)
class Edit:
    """Rows of a system's table, by position, and what stands there from now on."""

    column: str
    rows: np.ndarray
    values: pl.Series


@dataclass
class Turns:
    """What nights hand on: who is dead, who shares a device, which numbers are free, what was spoilt."""

    scenario: Scenario = field(default_factory=Scenario)
    night: int = 1
    dead: set[int] = field(default_factory=set)
    eager: set[int] = field(default_factory=set)
    devices: dict[int, int] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    died: tuple[int, ...] = ()
    hired: tuple[int, ...] = ()
    spoilt: dict[int, list[tuple[int, str]]] = field(default_factory=dict)
    sent_again: dict[int, list[int]] = field(default_factory=dict)
    faults: list[tuple] = field(default_factory=list)

    def pace(self, name: str) -> float:
        """How many times as often something happens tonight."""
        switch = self.scenario.on(name, self.night)
        return switch.times if switch else 1.0

    def device_of(self, person: pl.Series) -> pl.Series:
        """Whose device a person uses."""
        return person.replace(self.devices) if self.devices else person

    def among(self, chosen: set[int], person: pl.Series | np.ndarray) -> np.ndarray:
        return np.isin(np.asarray(person), list(chosen))

    def pass_night(self, world, night: Night) -> None:
        """People's part of a night, after its moves and newcomers."""
        self.night, self.died, self.hired, self.eager = night.number, (), (), set()
        for name, happens in _LIVES.items():
            if switch := self.scenario.on(name, night.number):
                happens(self, world.chance("turns", name, night.on.isoformat()), world, night, switch)
        if switch := self.scenario.on("black_friday", night.number):
            self.faults.append((night.on, None, 37, "read", round(switch.times)))

    def _somebody(self, rng, world, switch: Switch, fits: np.ndarray) -> np.ndarray:
        """Positions of people whom something happens to, none of them dead."""
        return self._some(rng, switch, fits & ~self.among(self.dead, world.people["person"]))

    def _some(self, rng, switch: Switch, fits: np.ndarray) -> np.ndarray:
        """Positions of as many as the switch says, of those that fit."""
        return np.sort(rng.permutation(np.flatnonzero(fits))[: switch.count(len(fits), self.night)])

    def _households_split(self, rng, world, night: Night, switch: Switch) -> None:
        """One of a household moves away alone; some take the name of before back."""
        crowd = world.people
        is_other = crowd.select(pl.int_range(pl.len()).over("household") > 0).to_series().to_numpy()
        rows = self._somebody(rng, world, switch, is_other)
        home = int(crowd["household"].max()) + 1 + np.arange(len(rows))
        address = places.addresses(rng, crowd["country_index"].gather(rows).to_numpy())
        former = crowd["former_last_name"].gather(rows)
        returns = pl.Series(coin(rng, len(rows), 0.5)) & former.is_not_null()
        last = crowd["last_name"].gather(rows)
        _set(world, rows, {
            **{f"old_{name}": crowd[name].gather(rows) for name in _ADDRESS},
            **{name: address[name] for name in _ADDRESS},
            "household": pl.Series(home),
            "household_id": "H" + pl.Series(home).cast(pl.String).str.zfill(8),
            "last_name": pl.select(pl.when(returns).then(former).otherwise(last)).to_series(),
            "former_last_name": pl.select(pl.when(returns).then(last).otherwise(former)).to_series(),
            "landline": None, "family_email": None,
        })

    def _deaths(self, rng, world, night: Night, switch: Switch) -> None:
        crowd = world.people
        age = (night.on.year - crowd["birth_on"].dt.year()).to_numpy()
        is_old = age >= min(70, np.quantile(age, max(0.0, 1 - 10 * switch.share)))
        rows = self._somebody(rng, world, switch, is_old)
        ends = pl.Series(np.full(len(rows), night.start))
        _set(world, rows, {"ends": ends, "appetite": ends * 0}, is_told=False)
        self.died = tuple(crowd["person"].gather(rows))
        self.dead |= set(self.died)
        world.note("deaths", pl.DataFrame({
            "person": crowd["person"].gather(rows), "died_on": [night.since] * len(rows),
        }))

    def _job_changes(self, rng, world, night: Night, switch: Switch) -> None:
        crowd = world.people
        works = (crowd["account"] >= 0).to_numpy()
        rows = self._somebody(rng, world, switch, works)
        step = rng.integers(1, len(world.accounts), len(rows))
        account = (crowd["account"].gather(rows).to_numpy() + step) % len(world.accounts)
        first, last = (people.letters(crowd[name].gather(rows)) for name in ("first_name", "last_name"))
        address = first + "." + last + "@" + world.accounts["domain"].gather(account)
        is_free = ~address.is_in(people.every_email(crowd).implode()) & address.is_first_distinct()
        rows, account = rows[is_free.to_numpy()], account[is_free.to_numpy()]
        _set(world, rows, {"account": pl.Series(account), "work_email": address.filter(is_free)},
             is_told=False)
        self.hired = tuple(crowd["person"].gather(rows))

    def _shared_devices(self, rng, world, night: Night, switch: Switch) -> None:
        """One of a household takes to the device of the first of it."""
        crowd = world.people.with_columns(pl.col("person").first().over("household").alias("head"))
        rows = self._somebody(rng, world, switch, (crowd["head"] != crowd["person"]).to_numpy())
        self.devices |= dict(crowd.gather(rows).select("person", "head").iter_rows())

    def _shared_mailboxes(self, rng, world, night: Night, switch: Switch) -> None:
        """One of a household reads mail with the first of it from now on, and says so in the shop."""
        crowd = world.people.with_columns(pl.col("email").first().over("household").alias("head"))
        fits = crowd["head"].is_not_null() & crowd["head"].ne_missing(crowd["email"])
        rows = self._somebody(rng, world, switch, fits.to_numpy())
        _set(world, rows, {"email": crowd["head"].gather(rows)})
        self.eager |= set(crowd["person"].gather(rows))

    def _recycled_phones(self, rng, world, night: Night, switch: Switch) -> None:
        """A number that somebody gave up long ago is somebody else's, who tells the shop of it."""
        crowd = world.people
        given_up = crowd["old_mobile"].drop_nulls().unique(maintain_order=True)
        first = 0 if not self.numbers else night.number + switch.after
        self.numbers |= {one: first for one in given_up if one not in self.numbers}
        used = set(crowd["mobile"].drop_nulls())
        free: dict[str, list[str]] = {}
        for number, country in crowd.drop_nulls("old_mobile").select("old_mobile", "country").iter_rows():
            if self.numbers[number] <= night.number and number not in used:
                free.setdefault(country, []).append(number)
        heirs = self._somebody(rng, world, switch, crowd["mobile"].is_not_null().to_numpy())
        theirs = crowd.gather(heirs).select("country", "old_mobile").iter_rows()
        given = [
            numbers.pop(int(rng.integers(len(numbers)))) if (numbers := free.get(country)) else old
            for country, old in theirs
        ]
        given = pl.Series(given, dtype=pl.String)
        is_new = (given.is_not_null() & given.ne_missing(crowd["old_mobile"].gather(heirs))).to_numpy()
        rows = heirs[is_new]
        _set(world, rows, {"old_mobile": crowd["mobile"].gather(rows), "mobile": given.filter(is_new)})
        self.eager |= set(crowd["person"].gather(rows))

    def _fraud(self, rng, world, night: Night, switch: Switch) -> None:
        """Newcomers who are nobody: invented names, each with its mailbox, all at one address and number."""
        crowd = world.people
        count = max(_GANG, switch.count(len(crowd), night.number))
        gang = people.make(
            rng, count, world.accounts, first_person=len(crowd),
            first_household=int(crowd["household"].max()) + 1, taken=people.every_email(crowd),
        ).with_columns(
            *(pl.col(name).first() for name in (
                *_ADDRESS, "country", "country_index", "area_code", "household", "household_id")),
            pl.col("mobile").drop_nulls().first(),
            *(pl.lit(None, pl.String).alias(name) for name in (
                "landline", "family_email", "old_mobile", "former_last_name", "work_email")),
            pl.coalesce("email", "second_email").alias("email"), pl.lit(-1, pl.Int64).alias("account"),
            begins=pl.lit(night.start, pl.Int64), ends=pl.lit(night.end + 20 * 86_400, pl.Int64),
        )
        world.people = pl.concat([crowd, gang.select(crowd.columns).cast(dict(crowd.schema))])
        world.changed = np.concatenate([world.changed, np.zeros(count, dtype=bool)])
        self.eager |= set(gang["person"])
        world.note("frauds", gang.select("person", pl.lit(night.on).alias("began_on")))

    # What systems keep of people, by position in their tables.

    def contact_edits(
        self, world, night: Night, contacts: pl.DataFrame, account_ids: pl.Series
    ) -> list[Edit]:
        """What clerks of the CRM write into contacts of old tonight."""
        rng = world.chance("turns", "contacts", night.on.isoformat())
        alive = ~contacts["IsDeleted"].to_numpy()
        who = contacts["person"]
        edits = []
        gone = np.flatnonzero(alive & self.among(set(self.died), who))
        is_deleted = coin(rng, len(gone), 0.5)
        edits += [
            Edit("IsDeleted", gone[is_deleted], _same(True, is_deleted.sum())),
            Edit("Description", gone[~is_deleted], _same("Deceased", (~is_deleted).sum())),
        ]
        rows = np.flatnonzero(
            alive & self.among(set(self.hired), who) & contacts["AccountId"].is_not_null().to_numpy()
        )
        now = world.people.gather(who.gather(rows))
        edits += [Edit("Email", rows, now["work_email"]),
                  Edit("AccountId", rows, account_ids.gather(now["account"]))]
        for row, name in self.spoilt.pop(night.number, ()):
            edits.append(Edit("LastName", np.array([row]), pl.Series([name], dtype=pl.String)))
        if switch := self.scenario.on("clerks", night.number):
            spoilt = self._some(rng, switch, alive)
            names = contacts["LastName"].gather(spoilt)
            edits.append(Edit("LastName", spoilt, typos(rng, names, 1.0)))
            later = self.spoilt.setdefault(night.number + switch.after, [])
            later += list(zip(spoilt.tolist(), names.to_list(), strict=True))
        if switch := self.scenario.on("junk", night.number):
            rows = self._some(rng, switch, alive)
            if len(rows):
                self.faults.append((night.on, None, 39, "no evidence", len(rows)))
            edits += [Edit("Email", rows, _same(JUNK_EMAIL, len(rows))),
                      Edit("Phone", rows, _same(JUNK_PHONE, len(rows)))]
        return edits

    def customer_edits(self, world, night: Night, customers: pl.DataFrame) -> list[Edit]:
        """What the shop's customers of old are told to be tonight; erasures are asked for by some."""
        rng = world.chance("turns", "customers", night.on.isoformat())
        edits = []
        if switch := self.scenario.on("junk", night.number):
            rows = self._some(rng, switch, np.ones(len(customers), bool))
            edits.append(Edit("phone", rows, _same(JUNK_PHONE, len(rows))))
        again = np.array(self.sent_again.pop(night.number, []), dtype=np.int64)
        edits.append(Edit("first", again, customers["first"].gather(again)))
        if len(again):
            self.faults.append((night.on, None, 42, "dropped", len(again)))
        if switch := self.scenario.on("erasures", night.number):
            rows = self._some(rng, switch, customers["email"].is_not_null().to_numpy())
            self.sent_again.setdefault(night.number + switch.after, []).extend(rows.tolist())
            world.note("erasures", self._asked(world, night, customers.gather(rows)))
        return edits

    def _asked(self, world, night: Night, customers: pl.DataFrame) -> pl.DataFrame:
        """Who asks to be erased, and by what she is known: addresses, numbers, keys of records."""
        who = customers["person"].cast(pl.Int64).unique().sort()
        records = pl.concat(world.truth["records"]).filter(pl.col("person").is_in(who.implode()))
        facts = world.people.gather(who).select(
            "person", *(pl.col(name) for name in (
                "email", "second_email", "work_email", "mobile", "landline"))
        ).unpivot(index="person", value_name="identifier").drop_nulls().select("person", "identifier")
        known = pl.concat([facts, records.select("person", pl.col("record_key").alias("identifier"))])
        return known.group_by("person").agg(
            pl.col("identifier").unique().sort().alias("identifiers")
        ).sort("person").select("person", pl.lit(night.on).alias("asked_on"), "identifiers")


_LIVES = {
    "recycled_phones": Turns._recycled_phones, "households_split": Turns._households_split,
    "deaths": Turns._deaths, "job_changes": Turns._job_changes,
    "shared_devices": Turns._shared_devices, "shared_mailboxes": Turns._shared_mailboxes,
    "fraud": Turns._fraud,
}


def overwritten(table: pl.DataFrame, edits: list[Edit]) -> pl.DataFrame:
    for edit in edits:
        if len(edit.rows):
            values = edit.values.cast(table[edit.column].dtype)
            table = table.with_columns(table[edit.column].clone().scatter(edit.rows, values))
    return table


def rows_of(edits: list[Edit]) -> np.ndarray:
    return np.unique(np.concatenate([np.zeros(0, np.int64), *(edit.rows for edit in edits)]))


def _same(value, count: int) -> pl.Series:
    return pl.Series([value] * int(count))


def _set(world, rows: np.ndarray, values: dict, *, is_told: bool = True) -> None:
    """Let people be otherwise from now on; clerks may be told of it."""
    edits = [
        Edit(name, rows, _same(None, len(rows)) if value is None else value)
        for name, value in values.items()
    ]
    world.people = overwritten(world.people, edits)
    if is_told:
        world.changed[rows] = True
