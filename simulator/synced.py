"""Synced: sales of Square's tills that also stand in the Shopify orders export, and are one sale.

Some stores of the United States hand their sales on to the web shop. The copy has the same total and
location, a time a little later, half the time Square's transaction as its reference, and no buyer.
"""

import numpy as np
import polars as pl

from simulator import company
from simulator.chance import coin
from simulator.files import Night
from simulator.world import World

_SHARE = 0.03
_SLOWEST = 110


class Synced:
    """Numbers the copies."""

    def __init__(self) -> None:
        self.count = 0

    def copies(
        self,
        world: World,
        night: Night,
        sales: pl.DataFrame,
        sale_lines: pl.DataFrame,
        orders: pl.DataFrame,
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Orders and lines for the shop's file, with the columns of the shop's own `orders`."""
        rng = world.chance("synced sales", night.on.isoformat())
        is_american = sales["currency"].to_numpy() == "USD"
        kept = sales.filter(is_american & coin(rng, len(sales), _SHARE)).with_row_index("copy")
        number = pl.Series(np.arange(len(kept)) + self.count + 1001)
        self.count += len(kept)
        delay = rng.integers(1, _SLOWEST, len(kept))
        name, rate = company.TAX["US"]
        refers = pl.Series(coin(rng, len(kept), 0.5))
        facts = {
            "customer": pl.lit(-1), "at_till": pl.lit(True), "is_named": pl.lit(False),
            "person": pl.lit(0), "store": "store", "total": "total", "currency": "currency",
            "at": np.minimum(kept["at"].to_numpy() + delay, night.end - 1),
            "id": "59" + (number * 11 + 40_000_000_000).cast(pl.String),
            "name": "#T" + number.cast(pl.String), "buyer_country": pl.lit("US"),
            "discount": "sum_off", "subtotal": pl.col("sum_gross") - pl.col("sum_off"),
            "shipping": pl.lit(0), "tax": "sum_tax", "tax_name": pl.lit(name),
            "tax_rate": pl.lit(rate), "fate": pl.col("will_refund").cast(pl.Int64),
            "refunded": pl.when("will_refund").then("total").otherwise(0),
            "refund_at": "refund_at", "has_code": pl.lit(False), "is_gift": pl.lit(False),
            "reference": pl.when(refers).then("transaction"), "note": pl.lit(""),
            "source": pl.lit("pos"),
        }
        copies = kept.select(**facts)
        copies = copies.select(
            (pl.col(column) if column in facts else pl.lit(None)).cast(kind).alias(column)
            for column, kind in orders.schema.items()
        )
        lines = sale_lines.join(kept.select("order", "copy"), on="order", maintain_order="left")
        world.note("order_duplicates", pl.DataFrame({
            "order_id": "shopify:" + copies["id"], "kept_order_id": "square:" + kept["transaction"],
        }))
        return copies, lines.select(
            pl.col("copy").cast(pl.Int64).alias("order"), "product", "quantity", "price",
            copies["name"].gather(lines["copy"]).alias("name"),
        )
