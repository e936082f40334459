"""The scores beside published figures, beside the library `lifetimes`, and beside a planted truth.

    python benchmarks/scores.py cdnow                        # published figures on CDNOW
    python benchmarks/scores.py million [--customers N]      # CPU time, in one run
    python benchmarks/scores.py simulator --home HOME --truth FOLDER

`lifetimes` is no requirement of the project. Install it apart and put it on the path; its wheel holds
the CDNOW data:

    pip install --no-deps --target DIR lifetimes autograd dill
    PYTHONPATH=.:DIR python benchmarks/scores.py cdnow

The simulator's part wants a home in which the job was run on the exports of `cdp simulate`, as of the
day after the last night: `cdp run --exports … --home … --as-of …`.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import duckdb
import numpy as np
import polars as pl
from scipy.stats import spearmanr

from dagster_project.lake import connect, quoted
from dagster_project.scores import lifetime, lookalikes, tables, windows
from dagster_project.scores.judging import auc
from dagster_project.settings import PROJECT, load_settings
from dagster_project.sql_models import load_model

SEED = 7
MONTHS = 12
DISCOUNT = 0.01


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("cdnow")
    million = commands.add_parser("million")
    million.add_argument("--customers", type=int, default=1_000_000)
    simulated = commands.add_parser("simulator")
    simulated.add_argument("--home", type=Path, required=True)
    simulated.add_argument("--truth", type=Path, required=True)
    chosen = parser.parse_args()
    if chosen.command == "cdnow":
        cdnow(library() / "datasets")
    elif chosen.command == "million":
        speed(chosen.customers)
    else:
        planted(chosen.home, chosen.truth)


def library() -> Path:
    """The folder of the installed `lifetimes`."""
    found = importlib.util.find_spec("lifetimes")
    if found is None:
        raise SystemExit("lifetimes is not on the path; how to put it there: the head of this file")
    return Path(found.submodule_search_locations[0])


def say(what: str, ours: float, told: str, *, holds: bool) -> None:
    print(f"{what:<58}{ours:>12.4f}   {told:<24}{'holds' if holds else 'MISSED'}")


def near(what: str, ours: float, published: float, digits: int) -> None:
    """Beside a published figure: equal to as many digits as were published."""
    say(what, ours, f"published {published:g}", holds=abs(ours - published) <= 0.6 * 10**-digits)


# CDNOW ---------------------------------------------------------------------------------------------

LEARNED_UNTIL, SEEN_UNTIL = date(1997, 9, 30), date(1998, 6, 30)
HORIZON = 91


def cdnow(folder: Path) -> None:
    """A tenth of the customers as published, then all of them through the project's own models."""
    days = bought_on(folder / "CDNOW_sample.txt", person=1)
    known = summary(days.filter(pl.col("on") <= LEARNED_UNTIL), LEARNED_UNTIL)
    x, last, age = (known[name].to_numpy() for name in ("repeats", "last", "age"))
    model = lifetime.fit_buying(x, last, age)
    near("BG/NBD r", model.r, 0.243, 3)
    near("BG/NBD alpha", model.alpha, 4.414, 3)
    near("BG/NBD a", model.a, 0.793, 3)
    near("BG/NBD b", model.b, 2.426, 3)
    near("BG/NBD log-likelihood", model.log_likelihood, -9582.4, 1)
    asked = (np.array([2.0]), np.array([30.43]), np.array([38.86]))
    near("E[Y(39) | x 2, t_x 30.43, T 38.86]", lifetime.expected_purchases(model, [39.0], *asked)[0, 0],
         1.226, 3)

    told = pl.read_csv(folder / "cdnow_customers_summary_with_transactions.csv")
    money = lifetime.fit_spending(told["x"].cast(pl.Float64).to_numpy(), told["zbar"].to_numpy())
    near("Gamma-Gamma p", money.p, 6.25, 2)
    near("Gamma-Gamma q", money.q, 3.74, 2)
    near("Gamma-Gamma v", money.v, 15.44, 1)  # the likelihood is a ridge: ours is a little higher on it

    later = days.filter(pl.col("on") > LEARNED_UNTIL).group_by("person").len()
    actual = known.join(later, on="person", how="left")["len"].fill_null(0).to_numpy()
    expected = lifetime.expected_purchases(model, [39.0], x, last, age)[0]
    print(f"holdout of 39 weeks: {expected.sum():,.0f} purchases predicted, {actual.sum():,} made, "
          f"predicted / actual {expected.sum() / actual.sum():.3f}")
    near("correlation, predicted and actual, by customer", np.corrcoef(expected, actual)[0, 1], 0.626, 2)
    many = lifetime.expected_purchases(model, [39.0], *(np.array([n]) for n in (10_000.0, 38.86, 38.86)))
    say("expected purchases after 10,000", many[0, 0], "finite", holds=bool(np.isfinite(many[0, 0])))

    frames = customer_windows(bought_on(folder / "CDNOW_master.txt", person=0))
    happened = frames[1]["bought_day_count"].to_numpy() > 0
    found = windows.propensity(frames)
    rule = found.verdict.naive_auc
    print(f"all {len(happened):,} customers, {happened.sum():,} bought in the last {HORIZON} days")
    say("AUC of propensity", found.verdict.auc, "asked .835", holds=found.verdict.auc >= 0.835)
    say("  less that of the better plain rule", found.verdict.auc - rule, f"asked 0 (rule {rule:.4f})",
        holds=found.verdict.auc >= rule)
    say("AUC of churn = 1 - propensity", found.verdict.auc, "asked .8", holds=found.verdict.auc > 0.8)
    past = windows._history(frames[1])
    gone = 1 - lifetime.alive(lifetime.fit_buying(*past), *past)
    print(f"{'AUC of 1 - P(alive) as churn, for comparison':<58}{auc(gone, ~happened):>12.4f}")


def bought_on(path: Path, *, person: int) -> pl.DataFrame:
    """person, on, spend: one row per customer and day; `person` is the column of its number."""
    rows = [line.split() for line in path.read_text(encoding="ascii").splitlines()]
    rows = [row for row in rows if row and row[-1][0].isdigit()]
    table = pl.DataFrame({
        "person": [row[person] for row in rows],
        "on": [row[-3] for row in rows],
        "spend": [float(row[-1]) for row in rows],
    }).with_columns(pl.col("on").str.to_date("%Y%m%d"))
    return table.group_by("person", "on").agg(pl.col("spend").sum()).sort("person", "on")


def summary(days: pl.DataFrame, until: date) -> pl.DataFrame:
    """person, repeats, last, age, in weeks as published."""
    since = pl.col("on").min()
    return days.group_by("person", maintain_order=True).agg(
        (pl.len() - 1).cast(pl.Float64).alias("repeats"),
        ((pl.col("on").max() - since).dt.total_days() / 7).alias("last"),
        ((pl.lit(until) - since).dt.total_days() / 7).alias("age"),
    )


def customer_windows(days: pl.DataFrame) -> dict[int, pl.DataFrame]:
    """The project's own windows of customers, over purchases alone."""
    con = engine(SEEN_UNTIL)
    con.register("days_given", days)
    con.execute(
        """create table workings.purchases as
        select person || on_text as order_id, person as profile_id, bought_on::timestamp as ordered_at,
            spend::decimal(18, 2) as net_converted
        from (select *, "on" as bought_on, "on"::varchar as on_text from days_given)"""
    )
    con.execute(
        """create table workings.score_activity (profile_id varchar, active_on date, channel varchar,
            event_type varchar, event_count bigint)"""
    )
    make(con, "score_settings")
    con.execute(f"update workings.score_settings set amount = {HORIZON} where setting = 'purchase_days'")
    for name in ("score_windows", "score_purchase_days", "score_customers"):
        make(con, name)
    return tables._windows(con, "workings.score_customers", "profile_id")


def engine(until: date) -> duckdb.DuckDBPyConnection:
    """As of the day after `until`."""
    con = connect(threads=2)
    con.execute((PROJECT / "sql" / "functions.sql").read_text(encoding="utf-8"))
    for layer in ("raw", "standard", "identity", "workings", "golden"):
        con.execute(f"create schema {layer}")
    con.execute("create table raw.as_of as select ?::timestamp + interval 1 day as as_of", [until])
    return con


def make(con: duckdb.DuckDBPyConnection, name: str, layer: str = "workings") -> None:
    model = load_model(PROJECT / "sql" / layer / f"{name}.sql")
    con.execute(f"create table {model.table} as {model.sql}")


# A million customers -------------------------------------------------------------------------------

DRAWN = lifetime.Buying(0.6, 60.0, 0.9, 5.0)
"""In days: a customer of average rate buys every hundred days and stays for half a dozen purchases."""

SPAN = 730
PRODUCTS = 1_000


def speed(customers: int) -> None:
    """CPU time (of all threads) for the same customers, the two in turn, twice."""
    library()
    drawn = draw(np.random.default_rng(SEED), customers)
    print(f"{customers:,} customers with {len(drawn):,} days of purchase, drawn from the models")
    known = lasting(drawn)
    ours, theirs = [], []
    for _ in range(2):
        mine, value = cpu(lambda: our_value(known))
        other, reference = cpu(lambda: their_value(known))
        ours.append(mine)
        theirs.append(other)
        print(f"lifetime value, fit and prediction: {mine:.1f} s ours, {other:.1f} s lifetimes, ratio "
              f"{mine / other:.3f}; same value to {np.median(np.abs(value / reference - 1)):.1e}")
    other = float(np.mean(theirs))
    ratio = np.mean(ours) / other
    say("lifetime value, ours / lifetimes", ratio, "asked 1/3", holds=ratio <= 1 / 3)
    con = company(drawn)
    facts, scoring = (
        [(name, cpu(step)[0]) for name, step in steps(con)] for steps in (facts_of, scores_of)
    )
    for what, spent in (("facts, which lifetimes is given", facts), ("scores", scoring)):
        print(f"{what}: {sum(seconds for _, seconds in spent):.1f} s")
        for name, seconds in sorted(spent, key=lambda one: -one[1]):
            print(f"    {seconds:6.1f} s  {name}" if seconds >= 0.05 else f"            {name}")
    count, kinds = con.execute("select count(*), count(distinct score) from golden.scores").fetchall()[0]
    print(f"{count:,} values of {kinds} scores, recommendations, affinities, preferences, lookalikes")
    own, counted = (sum(seconds for _, seconds in spent) for spent in (scoring, facts))
    given = cpu(lambda: their_summary(drawn))[0]
    print(f"lifetimes: {other:.1f} s from its summary of each customer, {given:.1f} s to make the summary")
    for what, mine, their in (
        ("scores from facts, lifetimes from its summary", own, other),
        ("scores and facts, lifetimes and its summary", own + counted, other + given),
        ("scores and facts, lifetimes from its summary", own + counted, other),
    ):
        say(f"{what} ({mine:.1f} s)", mine / their, f"asked 1 ({their:.1f} s)", holds=mine <= their)


def cpu(step: Callable) -> tuple[float, object]:
    began = time.process_time()
    found = step()
    return time.process_time() - began, found


def draw(rng: np.random.Generator, count: int) -> pl.DataFrame:
    """person, ago (days), spend: days of purchase of customers who buy and stop as the model says."""
    age = rng.integers(30, SPAN, count).astype(float)
    rate, stop = rng.gamma(DRAWN.r, 1 / DRAWN.alpha, count), rng.beta(DRAWN.a, DRAWN.b, count)
    worth = rng.gamma(4.0, 1 / 30.0, count)
    people, moments = [np.arange(count)], [np.zeros(count)]
    alive, now = np.arange(count), np.zeros(count)
    while len(alive):
        # Whoever stops does so right after a purchase, but for the first.
        now = now[: len(alive)] + rng.exponential(1 / np.maximum(rate[alive], 1e-9))
        seen = now < age[alive]
        people.append(alive[seen])
        moments.append(now[seen])
        stays = rng.random(int(seen.sum())) >= stop[alive[seen]]
        alive, now = alive[seen][stays], now[seen][stays]
    person, since = np.concatenate(people), np.floor(np.concatenate(moments))
    spend = rng.gamma(6.0, 1 / worth[person])
    return (
        pl.DataFrame({"person": person, "ago": (age[person] - since).astype(np.int64), "spend": spend})
        .group_by("person", "ago").agg(pl.col("spend").sum().round(2)).sort("person", "ago")
    )


def lasting(drawn: pl.DataFrame) -> pl.DataFrame:
    """repeats, last, age, mean: what both models are fitted on."""
    first = pl.col("ago").max()
    return drawn.group_by("person", maintain_order=True).agg(
        (pl.len() - 1).cast(pl.Float64).alias("repeats"),
        (first - pl.col("ago").min()).cast(pl.Float64).alias("last"),
        first.cast(pl.Float64).alias("age"),
        pl.col("spend").filter(pl.col("ago") < first).mean().fill_null(0).alias("mean"),
    )


def our_value(known: pl.DataFrame) -> np.ndarray:
    x, last, age, mean = (known[name].to_numpy() for name in ("repeats", "last", "age", "mean"))
    buying = lifetime.fit_buying(x, last, age)
    spending = lifetime.fit_spending(x, mean)
    purchases = lifetime.expected_purchases(buying, 30.0 * np.arange(1, MONTHS + 1), x, last, age)
    value = lifetime.expected_value(spending, x, mean)
    return lifetime.lifetime_value(purchases, value, monthly_discount=DISCOUNT)


def their_value(known: pl.DataFrame) -> np.ndarray:
    import pandas as pd
    from lifetimes import BetaGeoFitter, GammaGammaFitter

    table = pd.DataFrame(known.select("repeats", "last", "age", "mean").to_dict(as_series=False))
    x, last, age, mean = (table[name] for name in ("repeats", "last", "age", "mean"))
    buying = BetaGeoFitter()
    buying.fit(x, last, age)
    spending = GammaGammaFitter()
    again = (x > 0) & (mean > 0)
    spending.fit(x[again], mean[again])
    return spending.customer_lifetime_value(
        buying, x, last, age, mean, time=MONTHS, discount_rate=DISCOUNT, freq="D"
    ).to_numpy()


def their_summary(drawn: pl.DataFrame) -> object:
    """What lifetimes is fitted on, by its own function from days of purchase."""
    import pandas as pd
    from lifetimes.utils import summary_data_from_transaction_data

    end = pd.Timestamp("2026-05-31")
    days = pd.DataFrame({
        "person": drawn["person"].to_numpy(),
        "on": end - pd.to_timedelta(drawn["ago"].to_numpy(), unit="D"),
        "spend": drawn["spend"].to_numpy(),
    })
    return summary_data_from_transaction_data(
        days, "person", "on", monetary_value_col="spend", observation_period_end=end
    )


def company(drawn: pl.DataFrame) -> duckdb.DuckDBPyConnection:
    """What the layer of scores reads, for the drawn customers: orders with a line or two of products,
    some below their usual price, visits and clicks, leads of none, a tenth of all open to advertising."""
    con = engine(date(2026, 5, 31))
    con.register("drawn_given", drawn)
    con.execute("set preserve_insertion_order = false")
    for table, sql in {
        "workings.purchases": """select person || '-' || ago as order_id,
                'p' || left(md5(person::varchar), 16) as profile_id,
                (now.as_of::date - ago::integer)::timestamp
                    + interval 1 hour * (8 + hash(person, ago) % 14) as ordered_at, spend::decimal(18, 2) as net_converted
            from drawn_given cross join raw.as_of as now
            where ago > 0""",
        "golden.orders": """select order_id, profile_id, ordered_at,
                if(hash(order_id) % 8 = 0, 5, 0)::decimal(18, 2) as discount, net_converted
            from workings.purchases""",
        "golden.order_lines": f"""select order_id, n::varchar as line_key, profile_id, ordered_at, sku,
                sku as product_name, 'c' || sku % 12 as category, 1::bigint as quantity,
                (10 + sku % 40 - if(hash(order_id, n, 1) % 20 = 0, 2, 0))::decimal(18, 2) as amount,
                'USD' as currency
            from (
                select *, (pow(hash(order_id, n) % 100000 / 1e5, 2) * {PRODUCTS})::integer as sku
                from workings.purchases cross join range(2) as lines (n)
                where n = 0 or hash(order_id) % 3 = 0
            )""",
        "golden.events": """select order_id || n as event_id, profile_id,
                ordered_at - interval 1 day * (hash(order_id, n) % 40) as occurred_at,
                if(n % 3 = 0, 'email', 'web') as channel,
                if(n % 3 = 0, 'email_click', if(n % 3 = 1, 'product_view', 'cart_add')) as event_type
            from workings.purchases cross join range(3) as visits (n)
            union all
            select order_id, profile_id, ordered_at, 'web', 'order' from workings.purchases""",
        "golden.customer_facts": """select profile_id, count(*) as order_count,
                max(ordered_at) as last_order_at, min(ordered_at) as first_event_at,
                sum(net_converted)::decimal(18, 2) as spend, spend as spend_converted,
                count(*) as session_count, 0 as email_opened_count, count(*) as email_clicked_count,
                0.1 as discount_share, 0.0 as store_order_share, 0 as returned_order_count,
                0 as case_count
            from workings.purchases group by profile_id""",
        "golden.consents": """select distinct profile_id, 'email' as channel,
                'advertising' as purpose, 'granted' as status
            from workings.purchases where hash(profile_id) % 10 = 0""",
        "standard.leads": """select null::varchar as record_key, null::timestamp as created_at,
                null::timestamp as first_contacted_at, null::date as first_responded_on,
                null::varchar as lead_source, null::date as converted_on, false as is_converted,
                false as is_deleted, null::varchar as status where false""",
        "identity.profile_records": "select null::varchar as record_key, null::varchar as profile_id "
        "where false",
    }.items():
        con.execute(f"create table {table} as {sql}")
    return con


def facts_of(con: duckdb.DuckDBPyConnection) -> list[tuple[str, Callable]]:
    """What is counted of people before anything is scored; most of it a night makes only for those of
    whom something is new."""
    return [
        (name, lambda name=name: make(con, name))
        for name in (
            *("score_settings", "score_event_points", "score_windows", "score_purchase_days"),
            *("score_activity", "score_customers", "score_leads", "lead_score_rules"),
            *("score_product_days", "score_products", "score_hours", "score_audience"),
        )
    ]


def scores_of(con: duckdb.DuckDBPyConnection) -> list[tuple[str, Callable]]:
    """Every score by the project's own SQL and functions, what judges the models included."""
    seen = SimpleNamespace(con=con, lake=SimpleNamespace(view=lambda con, table: None))

    def models() -> None:
        tables._score(seen)
        for name in tables.TABLES:
            con.execute(f"create view {name} as from {name.partition('.')[2]}_now")

    def find() -> None:
        audience = con.sql("from workings.score_audience order by profile_id").pl()
        spent = audience["spend_converted"].cast(pl.Float64)
        lookalikes.find(audience, (spent >= spent.quantile(0.95)).to_numpy())

    steps = ("score_lead_points", "score_engagement", "score_rfm", "score_discounts", "score_prices")
    return [
        *((name, lambda name=name: make(con, name)) for name in steps),
        ("lifetime value, propensity, recommendations with their judging", models),
        ("lookalikes of a twentieth of the audience", find),
        *(
            (name, lambda name=name: make(con, name, "golden"))
            for name in ("category_affinities", "contact_preferences", "scores")
        ),
    ]


# Planted -------------------------------------------------------------------------------------------


def planted(home: Path, truth: Path) -> None:
    """What the simulator made people do it by, beside what the scores say of them."""
    database = load_settings(environment={}, home=home).database
    with duckdb.connect(str(database), read_only=True) as con:
        con.execute(
            f"""create temp table people as
            with shares as (
                select records.profile_id, truth.person_id, count(*) as record_count
                from profile_records as records
                inner join read_parquet({quoted(truth / "records.parquet")}) as truth using (record_key)
                group by all
            )
            select shares.profile_id, people.*, scores.as_of::date as as_of
            from shares
            inner join read_parquet({quoted(truth / "people.parquet")}) as people using (person_id)
            inner join scores on scores.profile_id = shares.profile_id and scores.score = 'frequency'
            qualify row_number() over (
                partition by shares.profile_id order by shares.record_count desc, shares.person_id
            ) = 1"""
        )
        print(f"{con.execute('select count(*) from people').fetchall()[0][0]:,} profiles that bought")
        told = con.sql(
            """pivot (select * from scores semi join people using (profile_id))
            on score using max(value) group by profile_id"""
        ).pl()
        both = told.join(con.sql("from people").pl(), on="profile_id").with_columns(
            gone=pl.col("ends_on") <= pl.col("as_of")
        ).with_columns(
            rate=pl.when("gone").then(0.0).otherwise("appetite"),
            left=pl.col("appetite")
            * (pl.col("ends_on") - pl.col("as_of")).dt.total_days().clip(0, 365),
        )
        for what, score, fact in (
            ("propensity, and how often they buy while customers", "propensity", "rate"),
            ("expected orders, and appetite for the days that are left", "expected_orders", "left"),
            ("lifetime value, and the same", "clv", "left"),
            ("frequency alone, and the same, for comparison", "frequency", "left"),
        ):
            correlate(both, what, score, fact)
        gone = both["gone"].to_numpy()
        for score, sign in (("churn", 1), ("p_alive", -1), ("recency_days", 1)):
            if score in both.columns:
                rho = spearmanr(sign * both[score].to_numpy(), gone).statistic
                found = auc(sign * both[score].to_numpy(), gone)
                what = f"planted churn ({gone.mean():.0%} are gone), and {score}"
                print(f"{what:<58}"
                      f"{rho:>12.3f}   AUC {found:.3f}")
        likes = con.sql(
            """select people.taste, affinities.category, affinities.purchase_count
            from category_affinities as affinities inner join people using (profile_id)
            where affinities.category_rank = 1
                and lower(affinities.category) in (select taste from people)"""
        ).pl()
        tell_tastes(likes, con)


def correlate(both: pl.DataFrame, what: str, score: str, fact: str) -> None:
    if score in both.columns:
        rho = spearmanr(both[score].to_numpy(), both[fact].to_numpy()).statistic
        print(f"{what:<58}{rho:>12.3f}   rank correlation of {len(both):,}")
    else:
        print(f"{what:<58}{'none':>12}   not published")


def tell_tastes(likes: pl.DataFrame, con: duckdb.DuckDBPyConnection) -> None:
    """How often the first category is the planted taste, and how affinity goes with it."""
    for least in (1, 5, 10):
        some = likes.filter(pl.col("purchase_count") >= least)
        right = (some["category"].str.to_lowercase() == some["taste"]).mean() or 0.0
        print(f"{f'the first category is the taste, of {len(some):,} with {least}+ purchases in it':<58}"
              f"{right:>12.3f}   by lot 0.083")
    pairs = con.sql(
        """select coalesce(affinities.affinity, 0) as affinity, tastes.taste = people.taste as is_taste
        from people
        cross join (select distinct taste from people) as tastes
        left join category_affinities as affinities
            on affinities.profile_id = people.profile_id and lower(affinities.category) = tastes.taste
        where people.profile_id in (select profile_id from category_affinities)"""
    ).pl()
    rho = spearmanr(pairs["affinity"].to_numpy(), pairs["is_taste"].to_numpy()).statistic
    found = auc(pairs["affinity"].to_numpy(), pairs["is_taste"].to_numpy())
    print(f"{'affinity to a category, and whether it is the taste':<58}{rho:>12.3f}   AUC {found:.3f}")


if __name__ == "__main__":
    main()
