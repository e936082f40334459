"""Square: what the tills of the stores export, day by day: transactions and their items.

Local times with the zone's name, dollars with signs, refunds as negative rows of the same
transaction. A customer is an id, sometimes with a name, sometimes with the web shop's customer id
as reference; most sales name nobody.
"""

import numpy as np
import polars as pl

from simulator import company
from simulator.chance import ALNUM, UPPER, coin, index, pick, tokens
from simulator.clerks import Habits, record_of
from simulator.files import Night, csv
from simulator.lives import DAY, store_purchases
from simulator.shopify import Shopify
from simulator.text import dollars, moment
from simulator.world import World

ITEM_HEADER = (
    "Date,Time,Time Zone,Category,Item,Qty,Price Point Name,SKU,Modifiers Applied,Gross Sales,"
    "Discounts,Net Sales,Tax,Transaction ID,Payment ID,Device Name,Notes,Details,Event Type,"
    "Location,Dining Option,Customer ID,Customer Name,Customer Reference ID,Unit,Count,GTIN,"
    "Itemization Type,Fulfillment Note,Channel,Token,Card Brand,PAN Suffix"
).split(",")
TRANSACTION_HEADER = (
    "Date,Time,Time Zone,Gross Sales,Discounts,Service Charges,Net Sales,Gift Card Sales,Tax,Tip,"
    "Partial Refunds,Total Collected,Source,Card,Card Entry Methods,Cash,Square Gift Card,"
    "Other Tender,Other Tender Type,Tender Note,Fees,Net Total,Transaction ID,Payment ID,"
    "Card Brand,PAN Suffix,Device Name,Staff Name,Staff ID,Details,Description,Event Type,"
    "Location,Dining Option,Customer ID,Customer Name,Customer Reference ID,Device Nickname,"
    "Third Party Fees,Deposit ID,Deposit Date,Deposit Details,Fee Percentage Rate,Fee Fixed Rate,"
    "Refund Reason,Discount Name,Transaction Status,Cash App,Order Reference ID,Fulfillment Note,"
    "Free Processing Applied,Channel,Unattributed Tips,Table Info,International Fee"
).split(",")

_SHARE = {"US": 0.38, "CA": 0.38, "GB": 0.0, "DE": 0.0, "FR": 0.0}
# Who has no account in the web shop has no loyalty card to show at the till.
_WITHOUT_CARD = 0.2
# Of what members buy at the till, the till knows the buyer unless she passes by, or shows no card.
PASSES_BY, SHOWS_CARD = 0.1, 0.8
_HABITS = Habits(nickname=0.35, typo=0.04, initial=0.05, no_first=0.02, middle=0.01, suffix=0.1,
                 junk=0.0, casing=(85, 6, 9))
_STAFF = ("Dee Okafor", "Sam Whitlock", "Renée Dufour", "Jo Park", "Kit Marsh")


class Square:
    """The customer directory by person, and sales whose refund is still to come."""

    def __init__(self) -> None:
        self.customers = pl.DataFrame()
        self.is_member = np.zeros(0, dtype=bool)
        self.awaiting = pl.DataFrame()
        self.named = np.zeros(0, dtype=bool)

    def deliver(
        self, world: World, night: Night, shopify: Shopify
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Write the night's two files. Returns its sales and their lines."""
        rng = world.chance("square", night.on.isoformat())
        self._customers_join(rng, world, night, shopify)
        sales, lines = self._sales(rng, world, night)
        world.note("orders", sales.select(
            ("square:" + pl.col("transaction")).alias("order_id"), "person",
            pl.from_epoch("at").alias("ordered_at"), "total", "currency",
            pl.when(pl.col("refund_at") < night.end).then("total").otherwise(0)
            .alias("refunded"), pl.col("customer_id").is_not_null().alias("is_named"),
        ))
        self._note_customers(world, sales)
        both = sales.join(
            lines.group_by("order", maintain_order=True).agg(pl.exclude("order")),
            on="order", how="left", maintain_order="left",
        )
        waiting = pl.concat([self.awaiting, both.filter(pl.col("will_refund"))]) \
            if len(self.awaiting) else both.filter(pl.col("will_refund"))
        is_due = pl.col("refund_at") < night.end
        due, self.awaiting = waiting.filter(is_due), waiting.filter(~is_due)
        if not night.is_first:
            world.note("refunds", due.select(
                ("square:" + pl.col("transaction")).alias("order_id"),
                pl.col("total").alias("refunded"),
            ))
        back = due.with_columns(
            pl.col("refund_at").alias("at"), pl.lit(-1).alias("sign"),
            tokens(rng, len(due), 22, ALNUM).alias("payment"),
        )
        world.happened("square", "order", sales["person"], sales["at"], sales["transaction"])
        world.happened("square", "refund", back["person"], back["at"], back["payment"])
        rows = pl.concat([both.with_columns(pl.lit(1).alias("sign")), back]).sort(
            "at", maintain_order=True
        )
        span = f"{night.since}-{night.on}"
        night.write("square", f"transactions-{span}.csv", csv(_transaction_rows(rows)))
        night.write("square", f"items-{span}.csv", csv(_item_rows(world, rows)))
        return sales, lines

    def _customers_join(self, rng, world: World, night: Night, shopify: Shopify) -> None:
        share = world.people["country"].replace_strict(_SHARE, return_dtype=pl.Float64).to_numpy()
        share = share * np.where(shopify.customer_of(len(share)) >= 0, 1, _WITHOUT_CARD)
        joining = world.joining(rng, self.is_member, share, night)
        count = len(joining)
        record = record_of(rng, world.people, joining, _HABITS)
        place = shopify.customer_of(len(world.people))[joining]
        has_card = pl.Series((place >= 0) & coin(rng, count, 0.92))
        fresh = record.select(
            "person",
            tokens(rng, count, 26, UPPER).alias("customer_id"),
            pl.when(pl.Series(coin(rng, count, 0.85))).then(
                pl.concat_str("first", "last", separator=" ", ignore_nulls=True)
            ).alias("customer_name"),
            pl.when(has_card).then(shopify.customers["id"].gather(np.maximum(place, 0)))
            .alias("reference"),
        )
        self.customers = pl.concat([self.customers, fresh]) if len(self.customers) else fresh
        self.is_member = np.zeros(len(world.people), dtype=bool)
        self.is_member[self.customers["person"].to_numpy()] = True
        self.named = np.concatenate([self.named, np.zeros(count, dtype=bool)])

    def _note_customers(self, world: World, sales: pl.DataFrame) -> None:
        """A customer is a record from the first sale that names the id."""
        seen = np.unique(sales["place"].filter(sales["customer_id"].is_not_null()).to_numpy())
        first = seen[~self.named[seen]]
        self.named[first] = True
        met = self.customers.gather(first)
        world.note_records("square:customers:", met["customer_id"], met["person"])

    def _sales(self, rng, world: World, night: Night) -> tuple[pl.DataFrame, pl.DataFrame]:
        bought = store_purchases(
            rng, world.people, world.products, self.is_member, night.start, night.end,
            world.turns.pace("black_friday"),
        )
        who = bought.orders["person"].to_numpy()
        count = len(who)
        passes_by = coin(rng, count, PASSES_BY)
        place = np.full(len(world.people), -1, dtype=np.int64)
        place[self.customers["person"].to_numpy()] = np.arange(len(self.customers))
        place = place[who]
        is_named = pl.Series((place >= 0) & ~passes_by & coin(rng, count, SHOWS_CARD))
        customer = self.customers.gather(np.maximum(place, 0))
        store = _store_of(rng, world, who)
        country = pl.Series([s.country for s in company.STORES]).gather(store)
        rate = country.replace_strict({code: tax[1] for code, tax in company.TAX.items()},
                                      return_dtype=pl.Int64).to_numpy()
        lines = bought.lines.with_columns(
            world.products["price"].gather(bought.lines["product"]).alias("price")
        ).with_columns((pl.col("price") * pl.col("quantity")).alias("gross"))
        cut = pl.Series(coin(rng, count, 0.1)).gather(lines["order"])
        lines = lines.with_columns(
            pl.when(cut).then(pl.col("gross") // 10).otherwise(0).alias("off")
        ).with_columns(
            ((pl.col("gross") - pl.col("off")) * pl.Series(rate).gather(lines["order"]) // 100)
            .alias("line_tax")
        )
        sums = lines.group_by("order", maintain_order=True).agg(
            pl.col("gross").sum().alias("sum_gross"), pl.col("off").sum().alias("sum_off"),
            pl.col("line_tax").sum().alias("sum_tax"),
        )
        tender = index(rng, count, (78, 18, 4))
        is_card = pl.Series(tender == 0)
        total = (sums["sum_gross"] - sums["sum_off"] + sums["sum_tax"]).alias("total")
        will_refund = coin(rng, count, 0.02)
        at = bought.orders["at"].to_numpy()
        sales = pl.DataFrame({
            "order": np.arange(count), "at": at,
            "refund_at": np.where(
                will_refund, at + (rng.uniform(0.02, 20, count) * DAY).astype(np.int64),
                np.iinfo(np.int64).max,
            ),
            "will_refund": will_refund, "store": store, "place": np.maximum(place, 0),
            "person": pl.Series(who).to_frame("w").select(
                pl.when(~pl.Series(passes_by)).then("w")).to_series(),
            "transaction": tokens(rng, count, 25, ALNUM),
            "payment": tokens(rng, count, 22, ALNUM), "tender": tender, "total": total,
            "currency": country.replace_strict(company.CURRENCY, return_dtype=pl.String),
            "brand": pick(rng, count, ["Visa", "MasterCard", "American Express", "Discover"],
                          (55, 28, 12, 5)),
            "pan": pl.Series(rng.integers(0, 10_000, count)).cast(pl.String).str.zfill(4),
            "entry": pick(rng, count, ["Tap", "Chip", "Swiped", "Keyed"], (60, 32, 6, 2)),
            "staff": rng.integers(0, len(_STAFF), count),
        }).with_columns(
            pl.when(is_card).then("brand").alias("brand"),
            pl.when(is_card).then("pan").alias("pan"),
            pl.when(is_card).then("entry").alias("entry"),
            *(pl.when(is_named).then(customer[name]).alias(name)
              for name in ("customer_id", "customer_name", "reference")),
        )
        return pl.concat([sales, sums.drop("order")], how="horizontal"), lines


def _store_of(rng, world: World, who: np.ndarray) -> np.ndarray:
    """The store of one's own region, else some store of the country one always goes to."""
    stores = company.STORES
    home = world.people["region"].gather(who)
    by_region = {store.region: place for place, store in reversed(list(enumerate(stores)))}
    near = home.replace_strict(by_region, default=-1, return_dtype=pl.Int64).to_numpy()
    is_canada = (world.people["country"].gather(who) == "CA").to_numpy()
    usual = np.where(is_canada, 14 + who % 3, who % 14)
    chosen = np.where(near >= 0, near, usual)
    away = coin(rng, len(who), 0.08)
    return np.where(away, np.where(is_canada, 14 + rng.integers(0, 3, len(who)),
                                   rng.integers(0, 14, len(who))), chosen)


def _clock(spelling: str) -> pl.Expr:
    """The sale's moment on the wall of its store."""
    zones = {store.iana for store in company.STORES}
    iana = pl.col("store").replace_strict(
        {place: store.iana for place, store in enumerate(company.STORES)}, return_dtype=pl.String
    )
    return pl.coalesce(
        pl.when(iana == zone).then(moment(pl.col("at"), spelling, zone)) for zone in sorted(zones)
    )


def _store(attribute: str) -> pl.Expr:
    return pl.col("store").replace_strict(
        {place: getattr(store, attribute) for place, store in enumerate(company.STORES)},
        return_dtype=pl.String,
    )


def _event_type() -> pl.Expr:
    return pl.when(pl.col("sign") < 0).then(pl.lit("Refund")).otherwise(pl.lit("Payment"))


def _common() -> dict[str, pl.Expr]:
    return {
        "Date": _clock("%Y-%m-%d"), "Time": _clock("%H:%M:%S"), "Time Zone": _store("zone"),
        "Transaction ID": pl.col("transaction"), "Payment ID": pl.col("payment"),
        "Device Name": "Till " + (pl.col("staff") + 1).cast(pl.String),
        "Event Type": _event_type(), "Location": _store("name"),
        "Customer ID": pl.col("customer_id"), "Customer Name": pl.col("customer_name"),
        "Customer Reference ID": pl.col("reference"), "Card Brand": pl.col("brand"),
        "PAN Suffix": pl.col("pan"), "Channel": _store("name"),
        "Details": "https://squareup.com/dashboard/sales/transactions/" + pl.col("transaction"),
    }


def _transaction_rows(rows: pl.DataFrame) -> pl.DataFrame:
    # The last of each four thousand payments is delivered twice.
    again = np.arange(3999, len(rows), 4000)
    rows = rows.gather(np.sort(np.concatenate([np.arange(len(rows)), again])))
    sign, total = pl.col("sign"), pl.col("total") * pl.col("sign")
    nothing = dollars(pl.lit(0))

    def tender(number: int) -> pl.Expr:
        return dollars(pl.when(pl.col("tender") == number).then(total).otherwise(0))

    fee = pl.when((pl.col("tender") == 0) & (sign > 0)).then(
        -(pl.col("total") * 26 // 1000) - 15).otherwise(0)
    table = rows.select(
        **_common(),
        **{
            "Gross Sales": dollars(pl.col("sum_gross") * sign),
            "Discounts": dollars(-pl.col("sum_off") * sign),
            "Service Charges": nothing,
            "Net Sales": dollars((pl.col("sum_gross") - pl.col("sum_off")) * sign),
            "Gift Card Sales": nothing, "Tax": dollars(pl.col("sum_tax") * sign), "Tip": nothing,
            "Partial Refunds": nothing, "Total Collected": dollars(total),
            "Source": pl.lit("Point of Sale"), "Card": tender(0),
            "Card Entry Methods": pl.col("entry"), "Cash": tender(1),
            "Square Gift Card": tender(2), "Other Tender": nothing,
            "Fees": dollars(fee), "Net Total": dollars(total + fee),
            "Staff Name": pl.col("staff").replace_strict(dict(enumerate(_STAFF)),
                                                         return_dtype=pl.String),
            "Description": pl.format("{} items", pl.col("quantity").list.sum()),
            "Third Party Fees": nothing,
            "Fee Percentage Rate": pl.when(pl.col("tender") == 0).then(pl.lit("2.6")),
            "Fee Fixed Rate": pl.when(pl.col("tender") == 0).then(pl.lit("$0.15")),
            "Refund Reason": pl.when(sign < 0).then(pl.lit("Returned goods")),
            "Discount Name": pl.when(pl.col("sum_off") > 0).then(pl.lit("Regulars, 10%")),
            "Transaction Status": pl.lit("Complete"), "Cash App": nothing,
            "Free Processing Applied": nothing, "Unattributed Tips": nothing,
            "International Fee": nothing,
        },
    )
    return _in_order(table, TRANSACTION_HEADER)


def _item_rows(world: World, rows: pl.DataFrame) -> pl.DataFrame:
    lines = rows.explode("product", "quantity", "price", "gross", "off", "line_tax")
    goods = world.products.gather(lines["product"])
    sign = pl.col("sign")
    count = pl.format("{}.0", pl.col("quantity") * sign)
    table = lines.select(
        **_common(),
        **{
            "Category": goods["category"].str.to_titlecase(), "Item": goods["title"],
            "Qty": count, "Price Point Name": pl.lit("Regular"), "SKU": goods["sku"],
            "Gross Sales": dollars(pl.col("gross") * sign),
            "Discounts": dollars(-pl.col("off") * sign),
            "Net Sales": dollars((pl.col("gross") - pl.col("off")) * sign),
            "Tax": dollars(pl.col("line_tax") * sign), "Unit": pl.lit("ea"), "Count": count,
            "Itemization Type": pl.lit("Physical Good"),
            "Token": pl.col("transaction").str.slice(0, 20),
        },
    )
    return _in_order(table, ITEM_HEADER)


def _in_order(table: pl.DataFrame, header: list[str]) -> pl.DataFrame:
    return table.select(
        pl.col(name) if name in table.columns else pl.lit(None, pl.String).alias(name)
        for name in header
    )
