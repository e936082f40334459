"""Golden profiles against the simulated company's books: whose money, whose timeline, whose word."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from support import SAMPLE

from dagster_project.editions import FULL


@pytest.fixture(scope="module")
def books(sample_home):
    """The published database, the truth beside it, and `lives`: the profiles that hold all records of one
    person and nobody else's, where what one person did can be compared row by row."""
    place: Path = sample_home / "warehouse" / "current" / FULL.file
    with duckdb.connect(str(place.resolve()), read_only=True) as con:
        for path in sorted((SAMPLE / "truth").glob("*.parquet")):
            con.execute(f"create temp view true_{path.stem} as from read_parquet('{path}')")
        con.execute(
            """create temp table lives as
            select min(records.profile_id) as profile_id, truth.person_id
            from profile_records as records
            inner join true_records as truth using (record_key)
            group by truth.person_id
            having count(distinct records.profile_id) = 1"""
        )
        con.execute(
            """delete from lives where profile_id in (
                select records.profile_id
                from profile_records as records inner join true_records using (record_key)
                group by records.profile_id having count(distinct person_id) > 1)"""
        )
        # Orders that name somebody, in the till's record or in the shop's copy of it.
        con.execute(
            """create temp table named as
            select order_id from true_orders where is_named
            union
            select kept_order_id from true_order_duplicates as copies
            where replace(copies.order_id, ':', ':orders:') in (select record_key from true_records)"""
        )
        yield con


def count(con, sql: str) -> int:
    return con.execute(f"select count(*) from ({sql})").fetchall()[0][0]


def test_most_people_are_whole(books):
    assert count(books, "from lives") > 150


def test_every_order_has_its_total_refund_and_currency(books):
    assert count(
        books,
        """select order_id from true_orders as truth full join orders using (order_id)
        where truth.total is distinct from orders.total
            or coalesce(truth.refunded, 0) is distinct from orders.refunded
            or truth.currency is distinct from orders.currency""",
    ) == 0


def test_every_copied_sale_is_found_and_no_other(books):
    assert count(
        books,
        """select * from true_order_duplicates as truth full join order_duplicates using (order_id)
        where truth.kept_order_id is distinct from order_duplicates.kept_order_id""",
    ) == 0
    assert count(books, "from order_duplicates") >= 5


def test_each_person_s_money_is_theirs_to_the_cent(books):
    """Of the orders that name somebody: the others are nobody's."""
    differing = """
        with theirs as (
            select lives.profile_id, truth.currency, sum(truth.total) as total,
                sum(coalesce(truth.refunded, 0)) as refunded
            from lives inner join true_orders as truth using (person_id)
            where truth.order_id in (from named)
            group by all
        ),
        ours as (
            select profile_id, currency, sum(total) as total, sum(refunded) as refunded
            from lives inner join orders using (profile_id)
            group by all
        )
        select * from theirs full join ours using (profile_id, currency)
        where theirs.total is distinct from ours.total
            or theirs.refunded is distinct from ours.refunded"""
    assert books.execute(differing).fetchall() == []


MOMENT = """case
    when {0}.event_type in ('call', 'task', 'campaign_response', 'lead_converted')
        then date_trunc('day', {0}.occurred_at)
    when {0}.event_type <> 'refund' then date_trunc('second', {0}.occurred_at)
end"""
"""As exactly as the systems tell it: of some things the day, of a shop's refund no more than that it was."""


def test_the_timelines_of_ten_busy_people_are_their_lives(books):
    """Type, moment and record of everything that the systems say they did; web pages are told by the
    visitors' own test."""
    ten = [
        row[0]
        for row in books.execute(
            """select lives.profile_id from lives inner join true_events using (person_id)
            group by all
            order by count(distinct event_type) desc, count(*) desc, lives.profile_id limit 10"""
        ).fetchall()
    ]
    kinds = [row[0] for row in books.execute("select distinct event_type from true_events").fetchall()]
    for profile_id in ten:
        lived = set(books.execute(
            f"""select truth.event_type, truth.record_id, {MOMENT.format("truth")}
            from lives inner join true_events as truth using (person_id)
            where lives.profile_id = ?
                -- What names nobody, and what an app did whose user never signed in, stays unknown.
                and (truth.event_type not in ('order', 'refund') or exists (
                    from named left join standard.refunds as refunds using (order_id)
                    where truth.record_id in (split_part(named.order_id, ':', 2), refunds.record_id)))
                and (truth.system <> 'segment' or exists (
                    from events inner join visitors using (visitor_id)
                    inner join true_visitors on true_visitors.visitor = visitors.visitor_id
                    where events.record_id = truth.record_id and true_visitors.is_knowable))""",
            [profile_id],
        ).fetchall())
        told = set(books.execute(
            f"""select event_type, record_id, {MOMENT.format("events")} from events
            where profile_id = ? and list_contains(?, event_type) and system <> 'weblogs'""",
            [profile_id, kinds],
        ).fetchall())
        assert len(lived) >= 5
        assert told == lived
