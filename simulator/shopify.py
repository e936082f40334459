"""Shopify: the web shop's customers and orders exports.

Apostrophe-guarded ids, one row a line item, guests with and without an e-mail, sales at the till,
refunds that bring an order into a later night's file again. Baskets come from `lives`.
"""

import numpy as np
import polars as pl

from simulator import company
from simulator.chance import DIGITS, coin, index, pick, tokens
from simulator.clerks import Habits, record_of
from simulator.files import Night, csv
from simulator.lives import DAY, Purchases, web_purchases
from simulator.text import moment, money, yes_no
from simulator.turns import overwritten, rows_of
from simulator.world import World

CUSTOMER_HEADER = (
    "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,"
    "Default Address Address1,Default Address Address2,Default Address City,"
    "Default Address Province Code,Default Address Country Code,Default Address Zip,"
    "Default Address Phone,Phone,Accepts SMS Marketing,Total Spent,Total Orders,Note,Tax Exempt,"
    "Tags"
).split(",")
ORDER_HEADER = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,"
    "Currency,Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,Shipping Method,"
    "Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem compare at price,"
    "Lineitem sku,Lineitem requires shipping,Lineitem taxable,Lineitem fulfillment status,"
    "Billing Name,Billing Street,Billing Address1,Billing Address2,Billing Company,Billing City,"
    "Billing Zip,Billing Province,Billing Country,Billing Phone,Shipping Name,Shipping Street,"
    "Shipping Address1,Shipping Address2,Shipping Company,Shipping City,Shipping Zip,"
    "Shipping Province,Shipping Country,Shipping Phone,Notes,Note Attributes,Cancelled at,"
    "Payment Method,Payment Reference,Refunded Amount,Vendor,Outstanding Balance,Employee,"
    "Location,Device ID,Id,Tags,Risk Level,Source,Lineitem discount,Tax 1 Name,Tax 1 Value,"
    "Tax 2 Name,Tax 2 Value,Tax 3 Name,Tax 3 Value,Tax 4 Name,Tax 4 Value,Tax 5 Name,Tax 5 Value,"
    "Phone,Receipt Number,Duties,Billing Province Name,Shipping Province Name,Payment ID,"
    "Payment Terms Name,Next Payment Due At,Payment References"
).split(",")
_EVERY_ROW = {"Name", "Email", "Created at", "Vendor", "Phone"}

_SHARE = 0.6
_CUSTOMERS = Habits(email=(88, 7, 1, 4, 0), phone=(52, 4, 3, 41), address=(80, 7, 13),
                    nickname=0.3, middle=0.02, suffix=0.15, typo=0.02, no_first=0.03)
_GUESTS = Habits(email=(79, 9, 2, 4, 6), phone=(60, 6, 3, 31), address=(90, 7, 3), nickname=0.3,
                 middle=0.04, suffix=0.15, typo=0.03)
_NOTES = ("Please leave at the back door.", "Gift, no invoice please", "Ring twice, dog barks",
          'Wants the "old" glaze, not the new one', "Called about delivery,\nwill call again")
_ZONE = "America/New_York"
_SPELLING = "%Y-%m-%d %H:%M:%S %z"


class Shopify:
    """Customers by position, with the person behind each; orders that a refund still awaits."""

    def __init__(self) -> None:
        self.customers = pl.DataFrame()
        self.is_member = np.zeros(0, dtype=bool)
        self.awaiting = (pl.DataFrame(), pl.DataFrame())
        self.order_count = 0
        self.touched = np.zeros(0, dtype=np.int64)

    def customer_of(self, count: int) -> np.ndarray:
        """For each person the position of the first customer record, -1 where there is none."""
        place = np.full(count, -1, dtype=np.int64)
        who = self.customers["person"].to_numpy()
        place[who[::-1]] = np.arange(len(who))[::-1]
        return place

    def trade(self, world: World, night: Night) -> tuple[pl.DataFrame, pl.DataFrame]:
        """A night of the shop. Returns its new orders and their lines."""
        rng = world.chance("shopify", night.on.isoformat())
        touched = self._customers_join(rng, world, night)
        bought = web_purchases(
            rng, world.people, world.products, self.is_member, night.start, night.end,
            world.turns.pace("black_friday"),
        )
        orders, lines = self._orders(rng, world, bought)
        touched = np.union1d(touched, np.unique(
            orders["customer"].filter(orders["customer"] >= 0).to_numpy()
        ))
        self._spend(orders)
        world.note_records(
            "shopify:customers:",
            *self.customers[len(self.customers) - self.fresh:].select("id", "person"),
        )
        named = orders.filter("is_named")
        world.note_records("shopify:orders:", named["id"], named["person"])
        world.note("orders", orders.select(
            ("shopify:" + pl.col("id")).alias("order_id"), "person",
            pl.from_epoch("at").alias("ordered_at"), "total", "currency",
            pl.when(pl.col("refund_at") < night.end).then("refunded").otherwise(0)
            .alias("refunded"), "is_named",
        ))
        world.happened("shopify", "order", orders["person"], orders["at"], orders["id"])
        back = orders.filter((pl.col("fate") > 0) & (pl.col("refund_at") < night.end))
        world.happened("shopify", "refund", back["person"], back["refund_at"], back["id"])
        self.touched = touched
        return orders, lines

    def deliver(
        self,
        world: World,
        night: Night,
        orders: pl.DataFrame,
        lines: pl.DataFrame,
        copies: pl.DataFrame,
        copied_lines: pl.DataFrame,
    ) -> None:
        """Write the night's two files: its orders, those refunded tonight, copies of till sales."""
        late, late_lines = self._refunds_due(
            world, pl.concat([orders, copies]), pl.concat([lines, copied_lines]), night
        )
        # The till tells itself of its refunds.
        back = late.filter(pl.col("source") != "pos")
        world.happened("shopify", "refund", back["person"], back["refund_at"], back["id"])
        self._write(world, night, self.touched, pl.concat([orders, late, copies]),
                    pl.concat([lines, late_lines, copied_lines]))

    def _customers_join(self, rng, world: World, night: Night) -> np.ndarray:
        joining = world.joining(rng, self.is_member, _SHARE, night)
        # Some forget that they have an account and open another one with another address.
        again = joining[coin(rng, len(joining), 0.035)]
        rows = np.concatenate([joining, again])
        record = record_of(rng, world.people, rows, _CUSTOMERS)
        second = world.people["second_email"].gather(rows)
        is_again = pl.Series(np.arange(len(rows)) >= len(joining))
        old = len(self.customers)
        number = pl.Series(np.arange(len(rows)) + old)
        record = record.with_columns(
            pl.when(is_again).then(second.fill_null(pl.Series([None], dtype=pl.String)))
            .otherwise("email").alias("email"),
            ("7210" + (number * 3 + 448_300_122).cast(pl.String)).alias("id"),
            pl.Series("created_at", night.end - 1 - (
                rng.random(len(rows)) * (night.end - night.start)).astype(np.int64)),
            pl.Series("accepts_email", coin(rng, len(rows), 0.62)),
            pl.Series("accepts_sms", coin(rng, len(rows), 0.14)),
            pl.Series("once_accepted", np.zeros(len(rows), dtype=bool)),
            pick(rng, len(rows), ["", "retail", "retail, vip", "newsletter", "trade"],
                 (50, 25, 6, 14, 5)).alias("tags"),
            pick(rng, len(rows), ["", *_NOTES], (95, 1, 1, 1, 1, 1)).alias("note"),
            pl.Series("spent", np.zeros(len(rows), dtype=np.int64)),
            pl.Series("orders", np.zeros(len(rows), dtype=np.int64)),
        )
        # The shop accepts an e-mail once and a phone once; later customers go without.
        taken = self.customers["email"] if old else pl.Series("email", [], dtype=pl.String)
        record = record.with_columns(
            pl.when(
                (pl.int_range(pl.len()).over(pl.col("email").str.to_lowercase()) == 0)
                & ~pl.col("email").str.to_lowercase().is_in(
                    taken.drop_nulls().str.to_lowercase().implode())
            ).then("email").alias("email"),
        )
        self.customers = pl.concat([self.customers, record]) if old else record
        self.is_member = np.zeros(len(world.people), dtype=bool)
        self.is_member[self.customers["person"].to_numpy()] = True
        self.fresh = len(rows)
        changed = self._people_change(rng, world, old)
        if not night.is_first:
            edits = world.turns.customer_edits(world, night, self.customers[:old])
            self.customers = overwritten(self.customers, edits)
            changed = np.union1d(changed, rows_of(edits))
        return np.concatenate([np.arange(old, old + len(rows)), changed])

    def _people_change(self, rng, world: World, old: int) -> np.ndarray:
        """Some customers who moved or married tell the shop; some change their mind on mails."""
        who = self.customers["person"].to_numpy()[:old]
        rows = np.flatnonzero(world.changed[who] & coin(rng, old, 0.5))
        record = record_of(rng, world.people, who[rows], _CUSTOMERS.corrected())
        names = ("first", "last", "street", "unit", "city", "region", "postal_code", "phone")
        self.customers = self.customers.with_columns(
            self.customers[name].scatter(rows, record[name]) for name in names
        )
        turning = np.flatnonzero(coin(rng, old, 0.0003 * world.turns.pace("consents")))
        mind = self.customers["accepts_email"]
        self.customers = self.customers.with_columns(
            accepts_email=mind.scatter(turning, ~mind.gather(turning))
        )
        return np.union1d(rows, turning)

    def _orders(self, rng, world: World, bought: Purchases) -> tuple[pl.DataFrame, pl.DataFrame]:
        who = bought.orders["person"].to_numpy()
        count = len(who)
        at_till = coin(rng, count, 0.1)
        is_blank = at_till & coin(rng, count, 0.6)
        customer = np.where(is_blank, -1, self.customer_of(len(world.people))[who])
        typed_anew = (customer < 0) | coin(rng, count, 0.12)
        fields = ["first", "last", "email", "phone", "street", "unit", "city", "region",
                  "region_name", "postal_code", "country"]
        anew = record_of(rng, world.people, who, _GUESTS).select(fields)
        kept = self.customers.select(fields).gather(np.maximum(customer, 0))
        buyer = anew.select(
            pl.when(pl.Series(is_blank)).then(None)
            .when(pl.Series(typed_anew)).then(pl.col(name)).otherwise(kept[name]).alias(name)
            for name in fields
        ).with_columns(
            # Logged in, the account's e-mail is filled in, whatever else is typed.
            pl.when(pl.Series(customer >= 0)).then(kept["email"]).otherwise("email")
            .alias("email"),
            pl.when(pl.Series(at_till)).then(None).otherwise("street").alias("street"),
        )
        country = world.people["country"].gather(who)
        tax_name, tax_rate = (
            country.replace_strict({code: tax[at] for code, tax in company.TAX.items()})
            for at in (0, 1)
        )
        number = pl.Series(np.arange(count) + self.order_count + 1001)
        self.order_count += count

        lines = bought.lines.with_columns(
            world.products["price"].gather(bought.lines["product"]).alias("price")
        )
        goods = (
            lines.group_by("order", maintain_order=True)
            .agg((pl.col("price") * pl.col("quantity")).sum()).get_column("price")
        )
        has_code = coin(rng, count, 0.12)
        discount = np.where(has_code, goods.to_numpy() // 10, 0)
        subtotal = goods.to_numpy() - discount
        shipping = np.where(at_till | (subtotal > 7500), 0, 695)
        tax = subtotal * tax_rate.to_numpy() // 100
        adds_tax = country.is_in(["US", "CA"]).to_numpy()
        total = subtotal + shipping + np.where(adds_tax, tax, 0)
        fate = index(rng, count, (0.945, 0.018, 0.022, 0.015))
        at = bought.orders["at"].to_numpy()
        refunded = np.select([fate == 1, fate == 2, fate == 3], [total, total // 2, total], 0)
        refund_at = at + np.where(fate == 3, 1800, (rng.uniform(1, 25, count) * DAY)).astype(int)
        orders = pl.concat([
            buyer,
            pl.DataFrame({
                "person": who, "customer": customer, "at": at, "at_till": at_till,
                "id": "58" + (number * 11 + 20_000_000_000).cast(pl.String),
                "name": "#" + number.cast(pl.String), "buyer_country": country,
                "currency": country.replace_strict(company.CURRENCY),
                "discount": discount, "subtotal": subtotal, "shipping": shipping, "tax": tax,
                "total": total, "tax_name": tax_name, "tax_rate": tax_rate, "fate": fate,
                "refunded": refunded, "refund_at": refund_at,
                "code": pick(rng, count, ["WELCOME10", "SPRING10", "FRIENDS10"]),
                "has_code": has_code, "is_gift": coin(rng, count, 0.05) & ~at_till,
                "store": rng.integers(0, 14, count),
                "payment": pick(rng, count, ["Shopify Payments", "PayPal Express Checkout",
                                             "gift_card", "Klarna"], (75, 18, 3, 4)),
                "reference": tokens(rng, count, 25, b"abcdefghijklmnopqrstuvwxyz0123456789"),
                "payment_id": tokens(rng, count, 9, DIGITS),
                "note": pick(rng, count, ["", *_NOTES], (96, 1, 1, 1, 0.5, 0.5)),
                "source": pick(rng, count, ["web", "iphone", "shopify_draft_order", "580111"],
                               (90, 5, 3, 2)),
            }),
        ], how="horizontal").with_columns(
            (pl.col("email").is_not_null() | pl.col("phone").is_not_null()
             | pl.col("last").is_not_null()).alias("is_named")
        )
        return orders, lines.with_columns(orders["name"].gather(lines["order"]).alias("name"))

    def _spend(self, orders: pl.DataFrame) -> None:
        count = len(self.customers)
        bought = orders.filter(pl.col("customer") >= 0)
        place = bought["customer"].to_numpy()
        spent = np.bincount(place, bought["total"].to_numpy(), count).astype(np.int64)
        self.customers = self.customers.with_columns(
            spent=pl.col("spent") + spent,
            orders=pl.col("orders") + np.bincount(place, minlength=count),
        )

    def _refunds_due(self, world: World, orders, lines, night: Night):
        """Orders of earlier nights that were refunded in this one; the rest waits on."""
        waiting, their_lines = self.awaiting
        later = orders.filter((pl.col("fate") > 0) & (pl.col("refund_at") >= night.end))
        later_lines = lines.filter(pl.col("name").is_in(later["name"].implode()))
        if waiting.is_empty():
            self.awaiting = (later, later_lines)
            return waiting if waiting.width else orders.clear(), lines.clear()
        is_due = pl.col("refund_at") < night.end
        due = waiting.filter(is_due)
        in_due = pl.col("name").is_in(due["name"].implode())
        self.awaiting = (
            pl.concat([waiting.filter(~is_due), later]),
            pl.concat([their_lines.filter(~in_due), later_lines]),
        )
        world.note("refunds", due.select(
            ("shopify:" + pl.col("id")).alias("order_id"), "refunded"
        ))
        return due, their_lines.filter(in_due)

    def _note_consents(self, world, night, customers: pl.DataFrame, orders: pl.DataFrame) -> None:
        """Who ticked a box, and who took it back; a box that was never ticked says nothing."""
        told = customers.select(
            ("shopify:customers:" + pl.col("id")).alias("record_key"), "person",
            pl.lit("email").alias("channel"),
            pl.when("accepts_email").then(pl.lit("granted")).otherwise(pl.lit("denied"))
            .alias("status"), pl.lit(night.end).alias("at"), "accepts_email", "accepts_sms",
            "once_accepted",
        )
        mails = told.filter(pl.col("accepts_email") | pl.col("once_accepted"))
        texts = told.filter("accepts_sms").with_columns(channel=pl.lit("sms"), status=pl.lit("granted"))
        boxes = orders.filter(pl.col("discount") % 3 == 1).select(
            ("shopify:orders:" + pl.col("id")).alias("record_key"), "person",
            pl.lit("email").alias("channel"), pl.lit("granted").alias("status"), "at",
        )
        for rows in (mails.select(boxes.columns), texts.select(boxes.columns), boxes):
            world.consented(rows)
        self.customers = self.customers.with_columns(pl.col("once_accepted") | pl.col("accepts_email"))

    def _write(self, world, night, touched: np.ndarray, orders, lines) -> None:
        customers = self.customers.gather(np.sort(touched))
        self._note_consents(world, night, customers, orders)
        # The last of each two thousand is delivered twice, as when pages of an export overlap.
        customers = customers.gather(
            np.sort(np.concatenate([np.arange(len(customers)),
                                    np.arange(1999, len(customers), 2000)]))
        )
        empty = pl.lit("")
        customers = customers.select(
            ("'" + pl.col("id")).alias("Customer ID"), pl.col("first").alias("First Name"),
            pl.col("last").alias("Last Name"), pl.col("email").alias("Email"),
            yes_no(pl.col("accepts_email")).alias("Accepts Email Marketing"),
            pl.when(pl.col("account") >= 0).then(
                world.accounts["name"].gather(np.maximum(customers["account"].to_numpy(), 0))
            ).otherwise(empty).alias("Default Address Company"),
            pl.col("street").alias("Default Address Address1"),
            pl.col("unit").alias("Default Address Address2"),
            pl.col("city").alias("Default Address City"),
            pl.col("region").alias("Default Address Province Code"),
            pl.col("country").alias("Default Address Country Code"),
            _guard(pl.col("postal_code")).alias("Default Address Zip"),
            pl.col("phone").alias("Default Address Phone"), pl.col("phone").alias("Phone"),
            yes_no(pl.col("accepts_sms")).alias("Accepts SMS Marketing"),
            money(pl.col("spent")).alias("Total Spent"), pl.col("orders").alias("Total Orders"),
            pl.col("note").alias("Note"), pl.lit("no").alias("Tax Exempt"),
            pl.col("tags").alias("Tags"),
        )
        assert customers.columns == CUSTOMER_HEADER
        span = f"{night.since}_{night.on}"
        night.write("shopify", f"customers_export_{span}.csv", csv(customers))
        night.write("shopify", f"orders_export_{span}.csv",
                    csv(_order_rows(world, orders, lines, night)))


def _guard(code: pl.Expr) -> pl.Expr:
    return pl.when(code.str.contains(r"^\d")).then("'" + code).otherwise(code)


def _order_rows(world: World, orders: pl.DataFrame, lines: pl.DataFrame, night: Night):
    """One row a line item; what belongs to the order stands on its first row only."""
    place = pl.DataFrame({"name": orders["name"], "place": np.arange(len(orders))})
    lines = lines.join(place, on="name", how="left", maintain_order="left").sort(
        "place", maintain_order=True
    )
    goods = world.products.gather(lines["product"])
    fate = pl.col("fate") * (pl.col("refund_at") < night.end)
    at = pl.col("at")
    till = pl.col("at_till")
    full_name = pl.concat_str("first", "last", separator=" ", ignore_nulls=True)
    full_name = pl.when(full_name != "").then(full_name)
    stores = pl.Series([store.name for store in company.STORES])
    postal = _guard(pl.col("postal_code"))
    tax_title = pl.concat_str(
        pl.when(pl.col("buyer_country") == "US").then(pl.col("region_name").fill_null("NY") + " ")
        .otherwise(pl.lit("")), pl.col("tax_name"), pl.lit(" "),
        pl.col("tax_rate").cast(pl.String), pl.lit("%"),
    )

    def address(prefix: str) -> list[pl.Expr]:
        return [
            pl.concat_str("street", "unit", separator=", ", ignore_nulls=True)
            .replace("", None).alias(f"{prefix} Street"),
            pl.col("street").alias(f"{prefix} Address1"),
            pl.when(pl.col("street").is_not_null()).then("unit").alias(f"{prefix} Address2"),
            pl.lit(None, pl.String).alias(f"{prefix} Company"),
            pl.when(pl.col("street").is_not_null()).then("city").alias(f"{prefix} City"),
            pl.when(pl.col("street").is_not_null()).then(postal).alias(f"{prefix} Zip"),
            pl.when(pl.col("street").is_not_null()).then("region").alias(f"{prefix} Province"),
            pl.when(pl.col("street").is_not_null()).then("country").alias(f"{prefix} Country"),
            pl.col("phone").alias(f"{prefix} Phone"),
        ]

    # A gift goes to somebody else's name at the buyer's address.
    friend = pl.concat_str(
        world.people["first_name"].gather((orders["person"].to_numpy() * 31 + 7)
                                          % len(world.people)),
        pl.lit(" "), pl.col("last"),
    )
    facts = orders.select(
        pl.col("name").alias("Name"), pl.col("email").alias("Email"),
        pl.when(fate == 1).then(pl.lit("refunded")).when(fate == 2)
        .then(pl.lit("partially_refunded")).when(fate == 3).then(pl.lit("voided"))
        .when(pl.col("source") == "shopify_draft_order").then(pl.lit("pending"))
        .otherwise(pl.lit("paid")).alias("Financial Status"),
        pl.when(fate != 3).then(moment(at + 4, _SPELLING, _ZONE)).alias("Paid at"),
        pl.when(till | (at + 2 * DAY < night.end)).then(pl.lit("fulfilled"))
        .otherwise(pl.lit("unfulfilled")).alias("Fulfillment Status"),
        pl.when(till).then(moment(at, _SPELLING, _ZONE))
        .when(at + 2 * DAY < night.end).then(moment(at + 93_000, _SPELLING, _ZONE))
        .alias("Fulfilled at"),
        yes_no(pl.col("discount") % 3 == 1).alias("Accepts Marketing"),
        pl.col("currency").alias("Currency"),
        *(money(pl.col(name.lower())).alias(name) for name in ("Subtotal", "Shipping")),
        money(pl.col("tax")).alias("Taxes"), money(pl.col("total")).alias("Total"),
        pl.when("has_code").then("code").alias("Discount Code"),
        money(pl.col("discount")).alias("Discount Amount"),
        pl.when(~till).then(pl.when(pl.col("shipping") == 0).then(pl.lit("Free shipping"))
                            .otherwise(pl.lit("Standard"))).alias("Shipping Method"),
        moment(at, _SPELLING, _ZONE).alias("Created at"),
        full_name.alias("Billing Name"), *address("Billing"),
        pl.when(~till).then(pl.when("is_gift").then(friend).otherwise(full_name))
        .alias("Shipping Name"), *address("Shipping"),
        pl.col("note").alias("Notes"),
        pl.when(fate == 3).then(moment(at + 1800, _SPELLING, _ZONE)).alias("Cancelled at"),
        pl.when(till).then(pl.lit("Cash")).otherwise("payment").alias("Payment Method"),
        pl.col("reference").alias("Payment Reference"),
        money(pl.when(fate > 0).then("refunded").otherwise(0)).alias("Refunded Amount"),
        pl.lit(company.NAME).alias("Vendor"), pl.lit("0.00").alias("Outstanding Balance"),
        pl.when(till).then(stores.gather(orders["store"])).alias("Location"),
        pl.when(till).then((pl.col("store") + 3).cast(pl.String)).alias("Device ID"),
        pl.col("id").alias("Id"), pl.lit("Low").alias("Risk Level"),
        pl.when(till).then(pl.lit("pos")).otherwise("source").alias("Source"),
        tax_title.alias("Tax 1 Name"), money(pl.col("tax")).alias("Tax 1 Value"),
        pl.col("phone").alias("Phone"),
        pl.when(till).then(pl.col("id").str.slice(-6)).alias("Receipt Number"),
        pl.when(pl.col("street").is_not_null()).then("region_name")
        .alias("Billing Province Name"),
        pl.when(pl.col("street").is_not_null()).then("region_name")
        .alias("Shipping Province Name"),
        ("r" + pl.col("payment_id") + ".1").alias("Payment ID"),
        ("r" + pl.col("payment_id") + ".1").alias("Payment References"),
    )
    facts = facts.with_columns(
        pl.lit(None, pl.String).alias(name) for name in ORDER_HEADER
        if name not in facts.columns and not name.startswith("Lineitem")
    )
    is_first = (lines["place"] != lines["place"].shift(1)).fill_null(True)
    rows = facts.gather(lines["place"])
    rows = rows.select(
        pl.col(name) if name in _EVERY_ROW
        else pl.when(is_first).then(pl.col(name).fill_null("")).alias(name)
        for name in facts.columns
    ).with_columns(pl.col("Email").fill_null("").alias("Email"))
    return pl.concat([rows, lines.select(
        pl.col("quantity").alias("Lineitem quantity"),
        goods["title"].alias("Lineitem name"), money(pl.col("price")).alias("Lineitem price"),
        pl.lit("").alias("Lineitem compare at price"), goods["sku"].alias("Lineitem sku"),
        pl.lit("true").alias("Lineitem requires shipping"),
        pl.lit("true").alias("Lineitem taxable"),
        rows["Fulfillment Status"].fill_null("fulfilled").replace("unfulfilled", "pending")
        .alias("Lineitem fulfillment status"),
        pl.lit("0.00").alias("Lineitem discount"),
    )], how="horizontal").select(ORDER_HEADER)
