"""Typeform: answers to the surveys that follow an order of the web shop and a case that was solved.

Two forms: the newer export with unfinished answers, and the older one without. Whom a survey was
sent to stands in a hidden field.
"""

import numpy as np
import polars as pl

from simulator.chance import HEX, coin, pick, tokens
from simulator.files import Night, csv
from simulator.lives import DAY
from simulator.text import moment
from simulator.world import World

_LIKELY = "How likely are you to recommend Larkfield & Rowe to a friend?"
_SATISFIED = "How satisfied were you with our help, from 0 to 10?"
_BETTER = "What could we do better?"
_DATES = "Start Date (UTC),Stage Date (UTC),Submit Date (UTC),Network ID,Tags,Ending".split(",")
ORDER_HEADER = ["#", _LIKELY, _BETTER, "email", "order", "Response Type", *_DATES]
CASE_HEADER = ["#", _SATISFIED, "email", "Start Date (UTC)", "Submit Date (UTC)", "Network ID"]
_REMARKS = (None, "Nothing, thank you!", "Cheaper shipping, please", 'The "old" catalogue was nicer',
            "Fewer mails,\nmore pictures", "The parcel was late")
_ALPHABET = b"abcdefghijklmnopqrstuvwxyz0123456789"


class Typeform:
    """Answers that are still to be given."""

    def __init__(self) -> None:
        self.awaiting = pl.DataFrame()

    def deliver(
        self, world: World, night: Night, orders: pl.DataFrame, cases: pl.DataFrame
    ) -> None:
        rng = world.chance("typeform", night.on.isoformat())
        asked = pl.concat([
            orders.filter(pl.col("email").is_not_null() & ~pl.col("at_till")).select(
                "person", "email", pl.col("name").alias("order"),
                (pl.col("at") + 2 * DAY).alias("asked_at"), pl.lit(0.04).alias("share"),
            ),
            cases.filter(pl.col("IsClosed")).select(
                "person", pl.coalesce("ContactEmail", "SuppliedEmail").alias("email"),
                pl.lit(None, pl.String).alias("order"),
                pl.col("ClosedDate").dt.epoch("s").alias("asked_at"),
                pl.lit(0.3).alias("share"),
            ).filter(pl.col("email").is_not_null()),
        ])
        answers = self._answers(rng, asked.filter(coin(rng, len(asked), asked["share"].to_numpy())))
        if len(self.awaiting):
            answers = pl.concat([self.awaiting, answers])
        is_due = pl.col("submitted_at") < night.end
        self.awaiting = answers.filter(~is_due)
        answers = answers.filter(is_due).sort("submitted_at", maintain_order=True)
        # The older export has no unfinished answers.
        after_order = answers.filter(pl.col("order").is_not_null())
        after_case = answers.filter(pl.col("order").is_null() & pl.col("is_complete"))
        done = pl.concat([after_order, after_case]).filter("is_complete")
        world.happened(
            "typeform", "survey_answer", done["person"], done["submitted_at"], done["token"]
        )
        for name, rows, header in (
            ("after-your-order", after_order, ORDER_HEADER), ("our-help", after_case, CASE_HEADER)
        ):
            if len(rows):
                table = _rows(rows).select(header)
                night.write("typeform", f"responses-{name}-{night.on}.csv", csv(table))

    def _answers(self, rng, asked: pl.DataFrame) -> pl.DataFrame:
        count = len(asked)
        started = asked["asked_at"].to_numpy() + (rng.exponential(1.5, count) * DAY).astype(np.int64)
        rating = np.where(asked["order"].is_null().to_numpy(), 6.4, 8.1) + rng.normal(0, 2.3, count)
        return asked.drop("asked_at", "share").with_columns(
            tokens(rng, count, 32, _ALPHABET).alias("token"),
            pl.Series("started_at", started),
            pl.Series("submitted_at", started + rng.integers(25, 400, count)),
            pl.Series("rating", np.clip(np.round(rating), 0, 10).astype(np.int64)),
            pl.Series("is_complete", coin(rng, count, 0.93)),
            pick(rng, count, _REMARKS, (60, 12, 9, 6, 6, 7)).alias("remark"),
            tokens(rng, count, 10, HEX).alias("network"),
        )


def _rows(answers: pl.DataFrame) -> pl.DataFrame:
    is_complete = pl.col("is_complete")
    rating = pl.when(is_complete).then("rating")
    return answers.select(
        pl.col("token").alias("#"), rating.alias(_LIKELY), rating.alias(_SATISFIED),
        pl.when(is_complete).then("remark").alias(_BETTER), "email", "order",
        pl.when(is_complete).then(pl.lit("completed")).otherwise(pl.lit("partial"))
        .alias("Response Type"),
        moment(pl.col("started_at")).alias("Start Date (UTC)"),
        pl.when(~is_complete).then(moment(pl.col("submitted_at"))).alias("Stage Date (UTC)"),
        pl.when(is_complete).then(moment(pl.col("submitted_at"))).alias("Submit Date (UTC)"),
        pl.col("network").alias("Network ID"), pl.lit(None, pl.String).alias("Tags"),
        pl.when(is_complete).then(pl.lit("Thank you")).alias("Ending"),
    )
