"""The company: Larkfield & Rowe, a home and garden chain, its shops, goods and business customers.

What the simulated company is, whoever its customers are. People are in `people`, what they do in
`lives`, what its systems export in the module of each system.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from simulator import places
from simulator.chance import index, pick, stream, zipf
from simulator.names import CULTURES, without_accents

NAME = "Larkfield & Rowe"
SITE = "www.larkfield.example"
MAGAZINE = "journal.larkfield.example"
MAIL_DOMAIN = "mail.larkfield.example"

CURRENCY = {"US": "USD", "CA": "CAD", "GB": "GBP", "DE": "EUR", "FR": "EUR"}
# In percent; North America adds tax to the price, Europe's prices include it.
TAX = {"US": ("State Tax", 7), "CA": ("GST", 5), "GB": ("GB VAT", 20), "DE": ("DE VAT", 19),
       "FR": ("FR TVA", 20)}

CATEGORIES = {
    "kitchen": "Mug Teapot Bowl Board Kettle Apron Knife Pan",
    "bedding": "Duvet Pillow Blanket Sheet_Set Quilt Throw",
    "garden": "Planter Trowel Hose Secateurs Watering_Can Bird_Feeder",
    "lighting": "Lamp Lantern Candle Pendant String_Lights",
    "storage": "Basket Crate Shelf Box Hook_Rail",
    "furniture": "Chair Stool Bench Side_Table Bookcase",
    "bath": "Towel Bath_Mat Soap_Dish Robe",
    "tableware": "Plate Glass_Set Napkins Jug Cutlery_Set",
    "rugs": "Rug Runner Doormat",
    "toys": "Puzzle Wooden_Train Kite Plush_Fox",
    "stationery": "Notebook Pen Card_Set Wrapping_Paper",
    "seasonal": "Wreath Ornament Advent_Calendar Garland",
}
_STYLES = (
    "Oak Linen Speckled Copper Slate Willow Meadow Harbour Nordic Classic Folded Enamel Amber Fern "
    "Indigo Café Moss Birch Stone"
).split()
_SIZES = ("", "", "", ", large", ", small", ' 12"', ", set of 2")


@dataclass(frozen=True)
class Store:
    """One shop: Square knows it as a location with a zone in Rails' spelling."""

    name: str
    city: str
    region: str
    country: str
    zone: str
    iana: str


_EAST = ("Eastern Time (US & Canada)", "America/New_York")
_CENTRAL = ("Central Time (US & Canada)", "America/Chicago")
_MOUNTAIN = ("Mountain Time (US & Canada)", "America/Denver")
_PACIFIC = ("Pacific Time (US & Canada)", "America/Los_Angeles")

STORES = (
    Store("Brooklyn Flagship", "Brooklyn", "NY", "US", *_EAST),
    Store("Boston Harbor", "Boston", "MA", "US", *_EAST),
    Store("Philadelphia", "Philadelphia", "PA", "US", *_EAST),
    Store("Atlanta Midtown", "Atlanta", "GA", "US", *_EAST),
    Store("Miami", "Miami", "FL", "US", *_EAST),
    Store("Chicago Loop", "Chicago", "IL", "US", *_CENTRAL),
    Store("Houston", "Houston", "TX", "US", *_CENTRAL),
    Store("Austin", "Austin", "TX", "US", *_CENTRAL),
    Store("Minneapolis", "Minneapolis", "MN", "US", *_CENTRAL),
    Store("Denver", "Denver", "CO", "US", *_MOUNTAIN),
    Store("Phoenix", "Phoenix", "AZ", "US", "Arizona", "America/Phoenix"),
    Store("Los Angeles", "Los Angeles", "CA", "US", *_PACIFIC),
    Store("San Francisco", "San Francisco", "CA", "US", *_PACIFIC),
    Store("Seattle", "Seattle", "WA", "US", *_PACIFIC),
    Store("Toronto Queen St", "Toronto", "ON", "CA", *_EAST),
    Store("Montréal", "Montréal", "QC", "CA", *_EAST),
    Store("Vancouver", "Vancouver", "BC", "CA", *_PACIFIC),
)

INDUSTRIES = (
    "Hospitality", "Retail", "Construction", "Healthcare", "Education", "Technology",
    "Manufacturing", "Finance", "Real Estate", "Food & Beverage", "Not For Profit",
)


def products(seed: int) -> pl.DataFrame:
    """sku, category, title, price (cents), weight: the catalogue, most popular first."""
    rng = stream(seed, "products")
    rows = []
    for category, kinds in CATEGORIES.items():
        for kind in kinds.split():
            for style in rng.permutation(_STYLES)[:7]:
                rows.append((category, f"{style} {kind.replace('_', ' ')}"))
    table = pl.DataFrame(rows, schema=["category", "title"], orient="row")
    count = len(table)
    table = table.with_columns(
        (pl.col("title") + pick(rng, count, _SIZES)),
        pl.Series("price", np.round(np.exp(rng.normal(3.3, 0.8, count))) * 100 + 95),
    ).gather(rng.permutation(count))
    number = pl.Series(np.arange(count) + 100).cast(pl.String)
    return table.with_columns(
        pl.col("price").cast(pl.Int64),
        (pl.col("category").str.slice(0, 3).str.to_uppercase() + "-" + number).alias("sku"),
        pl.Series("weight", zipf(count, shift=12)),
    )


def business_customers(seed: int, people: int) -> pl.DataFrame:
    """account (position), name, domain, street … country, phone, industry, weight (its size)."""
    rng = stream(seed, "companies")
    count = max(12, people // 40)
    country = index(rng, count, places.COUNTRY_WEIGHTS)
    address = places.addresses(rng, country)
    founder = pl.concat([culture.all_surnames[:45] for culture in CULTURES[:6]]).gather(
        rng.integers(0, 45 * 4, count)
    ).str.replace_all("_", " ")
    word = pick(rng, count, (
        "Bright Summit Harbor Cedar Northgate Bluewater Evergreen Redwood Lakeside Golden Pioneer "
        "Union Crescent Maple Atlas Beacon Keystone Silver Prairie Canyon Orchard Delta"
    ).split())
    trade = pick(rng, count, (
        "Hotels,Logistics,Interiors,Cafés,Dental,Property Group,Builders,Consulting,Catering,"
        "Medical,Foods,Design,Schools,Partners,Brewing,Landscaping"
    ).split(","))
    form = pick(rng, count, ["", " Inc.", ", Inc.", " LLC", " Ltd", " Group"], (4, 3, 1, 3, 2, 1))
    form = pl.DataFrame({"form": form, "country": address["country"]}).select(
        pl.when((pl.col("country") == "DE") & (pl.col("form") != "")).then(pl.lit(" GmbH"))
        .when((pl.col("country") == "FR") & (pl.col("form") != "")).then(pl.lit(" SARL"))
        .otherwise("form")
    ).to_series()
    named = pl.Series(rng.random(count) < 0.5)
    stem = pl.DataFrame({"named": named, "founder": founder, "word": word}).select(
        pl.when("named").then("founder").otherwise("word")
    ).to_series()
    name = stem + " " + trade + form
    domain = (stem + trade).map_elements(without_accents, return_dtype=pl.String)
    domain = domain.str.to_lowercase().str.replace_all("[^a-z0-9]", "")
    table = pl.concat(
        [
            pl.DataFrame({
                "account": np.arange(count), "name": name, "domain": domain,
                "industry": pick(rng, count, INDUSTRIES),
                "employees": np.exp(rng.normal(3.2, 1.3, count)).astype(np.int64) + 1,
                "phone": places.landlines(rng, country, address["area_code"])["phone"],
                "country_index": country, "weight": zipf(count, shift=10),
            }),
            address,
        ],
        how="horizontal",
    )
    again = pl.int_range(pl.len()).over("domain")
    return table.with_columns(
        pl.col("domain")
        + pl.when(again > 0).then((again + 1).cast(pl.String)).otherwise(pl.lit("")) + ".example",
        pl.col("name")
        + pl.when(pl.int_range(pl.len()).over("name") > 0)
        .then(" (" + pl.col("city") + ")").otherwise(pl.lit("")),
    )
