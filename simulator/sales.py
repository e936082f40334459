"""Sales: where Salesforce's deals came from, how they went, who had a part in them and who owns them.

Each deal's way through the stages ends at its present stage, at the moment at which it changed last.
Deals, contacts and the spelling of files are in `salesforce`.
"""

import numpy as np
import polars as pl

from simulator.chance import coin, index, pick
from simulator.files import Night

# Open stages, in their order; a closed deal was in some of them.
_OPEN = 4
_OWNERS = (
    "Dana Reyes,Lukas Brandt,Priya Shah,Tom Keller,Amélie Roux,Grace Lin,Marcus Hale,Nora Quinn,"
    "Ivan Petrov,Sofia Marin,Ben Ashworth,Yuki Mori,Carla Jensen,Web Integration"
).split(",")
_ROLES = ("Decision Maker", "Economic Buyer", "Evaluator", "Business User", None)


def history(rng: np.random.Generator, deals: pl.DataFrame, night: Night) -> pl.DataFrame:
    """One row per stage that a deal of tonight's file entered tonight, in order of time.

    `deals`: Id, stage (number), CreatedDate, LastModifiedDate. Gives the deal's row, `stage`, `at`
    and `is_last`.
    """
    created = deals["CreatedDate"].dt.epoch("s").to_numpy()
    changed = deals["LastModifiedDate"].dt.epoch("s").to_numpy()
    stage = deals["stage"].to_numpy()
    is_new = created >= night.start
    count = len(deals)
    # Most pass every stage before the present one; lost deals end anywhere, others jump a stage.
    reached = np.where(stage < _OPEN, stage, np.where(stage == _OPEN, _OPEN, 1 + index(
        rng, count, (3, 3, 2, 2))))
    order = np.arange(_OPEN)
    enters = (order < reached[:, None]) & (coin(rng, (count, _OPEN), 0.85) | (order == 0))
    enters &= is_new[:, None]
    share = np.sort(rng.random((count, _OPEN)), axis=1)
    share[:, 0] = 0
    deal, before = np.nonzero(enters)
    at = created[deal] + ((changed - created)[deal] * share[deal, before]).astype(np.int64)
    # A deal that never moved entered its stage when it was made.
    last_at = np.where(enters.any(axis=1) | ~is_new, changed, created)
    return pl.DataFrame({
        "deal": np.concatenate([deal, np.arange(count)]),
        "stage": np.concatenate([before, stage]), "at": np.concatenate([at, last_at]),
        "is_last": np.arange(len(deal) + count) >= len(deal),
    }).sort("at", "deal", "is_last")


def roles(rng: np.random.Generator, deals: pl.DataFrame, contacts: pl.DataFrame) -> pl.DataFrame:
    """One or two living contacts of each deal's account, the first of them primary.

    Gives OpportunityId, ContactId, person, Role and IsPrimary; a deal whose account has no contact
    has no row.
    """
    living = contacts.filter(~pl.col("IsDeleted") & pl.col("AccountId").is_not_null()).select(
        "AccountId", pl.col("Id").alias("ContactId"), "person"
    )
    chosen = deals.select("AccountId", pl.col("Id").alias("OpportunityId")).join(
        living.group_by("AccountId", maintain_order=True).agg("ContactId", "person"),
        on="AccountId", how="inner", maintain_order="left",
    )
    count = len(chosen)
    size = chosen["ContactId"].list.len().cast(pl.Int64)
    first = pl.Series((rng.random(count) * size.to_numpy()).astype(np.int64))
    has_second = pl.Series(coin(rng, count, 0.3)) & (size > 1)

    def part(at: pl.Series, is_primary: bool) -> pl.DataFrame:
        return chosen.select(
            "OpportunityId", pl.col("ContactId").list.get(at), pl.col("person").list.get(at),
            pick(rng, count, _ROLES, (4, 2, 3, 2, 2)).alias("Role"),
            pl.lit(is_primary).alias("IsPrimary"),
        )

    return pl.concat([part(first, True), part((first + 1) % size, False).filter(has_second)])


def brought(
    rng: np.random.Generator,
    deals: pl.DataFrame,
    roles: pl.DataFrame,
    members: pl.DataFrame,
    campaigns: pl.DataFrame,
) -> pl.DataFrame:
    """The deals that a campaign brought: Id, CampaignId.

    Often the last one before the deal that its primary contact was a member of (`members`: person,
    CampaignId, CreatedDate), else seldom any that had begun; `campaigns` are in order of time.
    """
    begun = campaigns["CreatedDate"].search_sorted(deals["CreatedDate"], side="right").to_numpy()
    some = campaigns["Id"].gather((rng.random(len(deals)) * begun).astype(np.int64))
    primary = roles.filter("IsPrimary").select(pl.col("OpportunityId").alias("Id"), "person")
    last = (
        deals.select("Id", "CreatedDate").join(primary, on="Id")
        .join(members, on="person", suffix="_member")
        .filter(pl.col("CreatedDate_member") < pl.col("CreatedDate"))
        .sort("CreatedDate_member", "CampaignId")
        .unique("Id", keep="last", maintain_order=True).select("Id", "CampaignId")
    )
    known = deals.select("Id").join(last, on="Id", how="left", maintain_order="left")
    share = np.where(known["CampaignId"].is_null(), 0.1, 0.4)
    return known.select("Id", pl.coalesce("CampaignId", some)).filter(
        coin(rng, len(deals), share)
    )


def converted_to(leads: pl.DataFrame, deals: pl.DataFrame) -> pl.DataFrame:
    """The leads that became a deal: Id, ConvertedOpportunityId.

    It is the deal of the lead's account that began nearest to the conversion, within a year of it; a
    private customer has none.
    """
    away = (pl.col("CreatedDate") - pl.col("LastModifiedDate")).abs()
    return (
        leads.filter("IsConverted").select(
            "Id", pl.col("ConvertedAccountId").alias("AccountId"), "LastModifiedDate"
        )
        .join(deals.select("AccountId", pl.col("Id").alias("ConvertedOpportunityId"), "CreatedDate"),
              on="AccountId")
        .filter(away < pl.duration(days=365)).sort(away, "ConvertedOpportunityId")
        .unique("Id", keep="first", maintain_order=True).select("Id", "ConvertedOpportunityId")
    )


def owners(ids: pl.Series) -> pl.DataFrame:
    """The org's users by id; one has left, one is a program."""
    name = pl.Series(_OWNERS[: len(ids)])
    last = name.str.split(" ").list.last()
    alias = name.str.to_lowercase().str.replace(" ", ".")
    return pl.DataFrame({
        "Id": ids, "Username": alias + "@larkfield.example", "Name": name, "LastName": last,
        "FirstName": name.str.split(" ").list.first(), "Email": alias + "@larkfield.example",
        "Title": pl.Series(["Account Manager"]).new_from_index(0, len(ids)),
        "IsActive": np.arange(len(ids)) != 8,
        "UserType": pl.Series(["Standard"]).new_from_index(0, len(ids)),
    })
