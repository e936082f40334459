"""People: who they are in truth, in households, before any system has misspelled them.

Names, birth dates, addresses now and before, e-mail addresses and telephones, employers; and what
changes in a night (moves, marriages, new numbers). What systems know of them is in `clerks`.
"""

import re

import numpy as np
import polars as pl

from simulator import names, places
from simulator.chance import coin, index, pick

_SIZES = (30, 33, 16, 13, 5, 3)
_PROVIDERS = {
    "US": ("gmail.com yahoo.com outlook.com icloud.com hotmail.com aol.com comcast.net",
           (50, 15, 9, 10, 8, 5, 3)),
    "CA": ("gmail.com hotmail.com yahoo.ca outlook.com icloud.com rogers.com videotron.ca",
           (48, 18, 10, 8, 8, 4, 4)),
    "GB": ("gmail.com hotmail.co.uk outlook.com yahoo.co.uk btinternet.com icloud.com",
           (46, 17, 10, 10, 9, 8)),
    "DE": ("gmail.com gmx.de web.de t-online.de googlemail.com outlook.de icloud.com",
           (30, 24, 20, 9, 5, 6, 6)),
    "FR": ("gmail.com orange.fr free.fr hotmail.fr outlook.fr laposte.net wanadoo.fr",
           (42, 15, 10, 12, 9, 7, 5)),
}
_LOCAL_FORMS = (
    "{f}.{l}", "{f}{l}", "{i}{l}", "{f}.{l}{n}", "{f}{l}{n}", "{l}.{f}", "{f}_{l}", "{i}.{l}",
    "{f}{n}", "{k}.{l}", "{k}{l}{n}", "{l}{n}", "{i}{l}{n}", "{f}-{l}",
)
_LOCAL_WEIGHTS = (24, 9, 10, 11, 9, 4, 4, 5, 5, 5, 4, 4, 5, 1)


def letters(name: pl.Series) -> pl.Series:
    """A name as it stands in an e-mail address."""
    return names.per_value(
        name, lambda text: "".join(
            letter for letter in names.without_accents(text).lower() if "a" <= letter <= "z"
        ) or "x"
    )


def make(
    rng: np.random.Generator,
    count: int,
    accounts: pl.DataFrame,
    *,
    first_person: int = 0,
    first_household: int = 0,
    taken: pl.Series | None = None,
) -> pl.DataFrame:
    """`count` people in households, none of whose e-mail addresses are in `taken`."""
    size = index(rng, count, _SIZES) + 1
    size = size[: int(np.searchsorted(np.cumsum(size), count)) + 1]
    homes = len(size)
    home = np.repeat(np.arange(homes), size)[:count]
    place = (np.arange(len(home)) - np.repeat(np.cumsum(size) - size, size)[:count])
    head = np.flatnonzero(place == 0)[home]

    country_of_home = index(rng, homes, places.COUNTRY_WEIGHTS)
    country = country_of_home[home]
    roommates = (coin(rng, homes, 0.07) & (size > 1))[home]
    has_partner = (coin(rng, homes, 0.85) & (size > 1))[home] & ~roommates
    is_partner = (place == 1) & has_partner
    is_child = (place > 0) & ~is_partner & ~roommates

    culture_of_home = np.zeros(homes, dtype=np.int64)
    for number, code in enumerate(places.COUNTRIES):
        rows = np.flatnonzero(country_of_home == number)
        culture_of_home[rows] = index(rng, len(rows), names.CULTURE_WEIGHTS[code])
    culture = culture_of_home[home]
    stranger = (is_partner & coin(rng, count, 0.2)) | (roommates & (place > 0))
    culture = np.where(stranger, culture[rng.permutation(count)], culture)

    female = coin(rng, count, 0.51)
    female = np.where(is_partner & coin(rng, count, 0.94), ~female[head], female)

    age = np.clip(rng.gamma(6, 7, count) + 19, 20, 96)
    has_children = np.zeros(homes, dtype=bool)
    has_children[home[is_child]] = True
    age = np.where((place == 0) & has_children[home], np.maximum(age, 38), age)
    age = np.where(is_partner, np.maximum(19, age[head] + rng.normal(-0.5, 4, count)), age)
    grown = np.maximum(15 + rng.uniform(0, 6, count), age[head] - rng.uniform(20, 38, count))
    age = np.where(is_child, grown, age)
    born = np.datetime64("2026-06-01") - (age * 365.25).astype("timedelta64[D]")
    twin = is_child & (place >= 3) & coin(rng, count, 0.09)
    elder = np.maximum(np.arange(count) - 1, 0)
    born = np.where(twin, born[elder], born)

    given = names.first_names(rng, culture, female).to_numpy().copy()
    junior = (
        is_child & (place == 2) & ~female & ~female[head] & coin(rng, count, 0.06)
        & np.isin(culture, [0, 1, 9])
    )
    for _ in range(4):
        same = (
            pl.DataFrame({"home": home, "given": given})
            .select((pl.int_range(pl.len()).over("home", "given") > 0)).to_series().to_numpy()
        )
        rows = np.flatnonzero(same)
        given[rows] = names.first_names(rng, culture[rows], female[rows]).to_numpy()
    given[junior] = given[head[junior]]
    first = pl.Series(given.tolist(), dtype=pl.String)
    senior = np.zeros(count, dtype=bool)
    senior[head[junior]] = True
    suffix = pl.Series(np.where(junior, "Jr.", np.where(senior, "Sr.", None)).tolist(),
                       dtype=pl.String)

    own = names.surnames(rng, culture).to_numpy()
    takes_name = is_partner & coin(rng, count, 0.72)
    last = np.where(takes_name | (is_child & coin(rng, count, 0.95)), own[head], own)
    newly_wed = takes_name & coin(rng, count, 0.3)
    former_last = pl.Series(np.where(newly_wed, own, None).tolist(), dtype=pl.String)

    middle = names.first_names(rng, culture, female)
    middle = middle.to_frame("m").select(
        pl.when(pl.Series(coin(rng, count, np.where(culture == 0, 0.7, 0.2)))).then("m")
    ).to_series()
    nickname = names.nicknames(rng, first).to_frame("k").select(
        pl.when(pl.Series(coin(rng, count, 0.55))).then("k")
    ).to_series()

    address = places.addresses(rng, country_of_home)
    moved_from = places.addresses(rng, country_of_home)
    leaves_home = is_child & (age > 24) & coin(rng, count, 0.5)
    own_address = places.addresses(rng, country)
    at_home = address.gather(home)
    at_home = pl.DataFrame([
        pl.DataFrame({"a": at_home[name], "b": own_address[name]}).select(
            pl.when(pl.Series(leaves_home)).then("b").otherwise("a").alias(name)
        ).to_series() for name in address.columns
    ])
    before = moved_from.gather(home)
    has_moved = pl.Series(coin(rng, homes, 0.22)[home])
    before = before.select(
        pl.when(has_moved).then(pl.col(name)).alias(f"old_{name}")
        for name in ("street", "unit", "city", "region", "region_name", "postal_code")
    )

    mobile = places.mobiles(rng, country, at_home["area_code"])["phone"]
    heirs = np.flatnonzero(coin(rng, count, 0.002))
    mobile = mobile.scatter(heirs, mobile.gather((heirs * 7 + 13) % count))
    landline = places.landlines(rng, country_of_home, address["area_code"])["phone"]
    landline = landline.gather(home)

    def only(values: pl.Series, probability) -> pl.Series:
        return values.to_frame("v").select(
            pl.when(pl.Series(coin(rng, count, probability))).then("v")
        ).to_series()

    account = np.where(
        coin(rng, count, 0.14) & (age > 21),
        index(rng, count, accounts["weight"].to_numpy()), -1,
    )
    table = pl.concat(
        [
            pl.DataFrame({
                "person": np.arange(count) + first_person,
                "household": home + first_household,
                "country_index": country, "culture": culture, "female": female,
                "first_name": first, "middle_name": middle, "nickname": nickname,
                "last_name": pl.Series(last.tolist(), dtype=pl.String),
                "former_last_name": former_last, "name_suffix": suffix,
                "birth_on": pl.Series(born.astype("datetime64[D]")),
                "account": account,
                "mobile": only(mobile, 0.93),
                "old_mobile": only(places.mobiles(rng, country, at_home["area_code"])["phone"],
                                   0.2),
                "landline": landline.to_frame("v").select(
                    pl.when(pl.Series(coin(rng, homes, 0.45)[home] & ~leaves_home & ~roommates))
                    .then("v")
                ).to_series(),
                # How often this person buys, and how willing to click: heavy tails.
                "appetite": rng.gamma(0.9, 1 / 0.9, count),
                "taste": index(rng, count, np.linspace(2, 1, 12)),
            }),
            at_home, before,
        ],
        how="horizontal",
    ).with_columns(
        ("P" + pl.col("person").cast(pl.String).str.zfill(8)).alias("person_id"),
        ("H" + pl.col("household").cast(pl.String).str.zfill(8)).alias("household_id"),
    )
    return _with_emails(rng, table, accounts, taken)


def _with_emails(rng, table: pl.DataFrame, accounts: pl.DataFrame, taken) -> pl.DataFrame:
    count = len(table)
    first, last = letters(table["first_name"]), letters(table["last_name"])
    short = letters(table["nickname"].fill_null(table["first_name"]))
    year = table["birth_on"].dt.year()
    number = np.where(
        coin(rng, count, 0.6), year.to_numpy() % 100, rng.integers(1, 1000, count)
    )
    parts = pl.DataFrame({
        "f": first, "l": last, "k": short, "i": first.str.slice(0, 1),
        "n": pl.Series(number).cast(pl.String).str.zfill(2),
    })

    def address() -> pl.Series:
        form = pl.Series("form", index(rng, count, _LOCAL_WEIGHTS))
        local = pl.coalesce(
            pl.when(pl.col("form") == place).then(
                pl.format(re.sub("{.}", "{}", text), *re.findall("{(.)}", text))
            )
            for place, text in enumerate(_LOCAL_FORMS)
        )
        local = parts.with_columns(form).select(local.alias("local")).to_series()
        return local + "@" + _provider(rng, table["country_index"].to_numpy())

    table = table.with_columns(email=address(), second_email=address())
    homes = table.group_by("household", maintain_order=True).agg(
        pl.col("last_name").first(), pl.col("country_index").first(), pl.len()
    )
    form = pl.Series("form", index(rng, len(homes), (3, 3, 2, 2)))
    digits = pl.Series("n", rng.integers(1, 999, len(homes))).cast(pl.String)
    family = (
        homes.with_columns(form, digits, letters(homes["last_name"]).alias("l"))
        .with_columns(
            pl.when(pl.col("form") == 0).then("the" + pl.col("l") + "s" + pl.col("n"))
            .when(pl.col("form") == 1).then(pl.col("l") + "family" + pl.col("n"))
            .when(pl.col("form") == 2).then("family." + pl.col("l") + pl.col("n"))
            .otherwise(pl.col("l") + ".home" + pl.col("n")).alias("family_email")
        )
    )
    has_family = coin(rng, len(homes), 0.25) & (homes["len"].to_numpy() > 1)
    family = family.select(
        "household",
        pl.when(pl.Series(has_family)).then(
            pl.col("family_email") + "@"
            + pl.Series(_provider(rng, homes["country_index"].to_numpy()))
        ).alias("family_email"),
    )
    work = letters(table["first_name"]) + pick(rng, count, [".", "", "_"], (8, 1, 1)) + last
    domain = accounts["domain"].gather(np.maximum(table["account"].to_numpy(), 0))
    table = table.join(family, on="household", how="left", maintain_order="left").with_columns(
        pl.when(pl.col("account") >= 0).then(work + "@" + domain).alias("work_email"),
        pl.when(pl.Series(coin(rng, count, 0.94))).then("email").alias("email"),
        pl.when(pl.Series(coin(rng, count, 0.28))).then("second_email").alias("second_email"),
    )
    return _unique_emails(table, taken)


def _unique_emails(table: pl.DataFrame, taken: pl.Series | None) -> pl.DataFrame:
    """No two people own an address, no two households a mailbox: the later one adds a number.

    Providers that ignore dots give nobody a name that differs from another's in dots alone.
    """
    kinds = ["email", "second_email", "work_email"]
    own = table.select("person", *kinds).unpivot(
        index="person", on=kinds, variable_name="kind", value_name="value"
    )
    family = table.group_by("household", maintain_order=True).first().select(
        (-1 - pl.col("household")).alias("person"), pl.lit("family_email").alias("kind"),
        pl.col("family_email").alias("value"),
    )
    every = pl.concat([own, family.select(own.columns)]).drop_nulls("value")
    seen = pl.int_range(pl.len()).over(_mailbox(pl.col("value")))
    if taken is not None:
        boxes = taken.to_frame("value").select(_mailbox(pl.col("value"))).to_series()
        seen = seen + _mailbox(pl.col("value")).is_in(boxes.implode()).cast(pl.Int64)
    mark = pl.when(pl.col("person") < 0).then(-pl.col("person")).otherwise("person").cast(pl.String)
    every = every.with_columns(
        pl.when(seen > 0).then(
            pl.col("value").str.split("@").list.first() + mark
            + pl.when(pl.col("kind") == "second_email").then(pl.lit("x")).otherwise(pl.lit(""))
            + "@" + pl.col("value").str.split("@").list.last()
        ).otherwise("value").alias("value")
    )
    for kind in kinds:
        table = table.drop(kind).join(
            every.filter(pl.col("kind") == kind).select("person", pl.col("value").alias(kind)),
            on="person", how="left", maintain_order="left",
        )
    return table.drop("family_email").join(
        every.filter(pl.col("kind") == "family_email").select(
            (-1 - pl.col("person")).alias("household"), pl.col("value").alias("family_email")
        ),
        on="household", how="left", maintain_order="left",
    )


def _mailbox(address: pl.Expr) -> pl.Expr:
    """The address as its provider tells mailboxes apart."""
    parts = address.str.split("@")
    name, domain = parts.list.first(), parts.list.last()
    is_google = domain.is_in(["gmail.com", "googlemail.com"])
    return (
        pl.when(is_google)
        .then(name.str.replace_all(".", "", literal=True) + "@gmail.com")
        .otherwise(address)
    )


def _provider(rng, country: np.ndarray) -> pl.Series:
    def make(code: str, count: int) -> pl.DataFrame:
        domains, weights = _PROVIDERS[code]
        return pl.DataFrame({"provider": pick(rng, count, domains.split(), weights)})

    return places.by_country(country, make)["provider"]


def every_email(table: pl.DataFrame) -> pl.Series:
    columns = ("email", "second_email", "work_email", "family_email")
    return pl.concat([table[name] for name in columns]).drop_nulls().unique(maintain_order=True)


def a_night_passes(rng: np.random.Generator, table: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """People after one more day (some move, marry, change number), and which of them changed."""
    count = len(table)
    country = table["country_index"].to_numpy()
    moves = pl.Series(coin(rng, count, 0.1 / 365))
    weds = pl.Series(coin(rng, count, 0.012 / 365)) & table["former_last_name"].is_null()
    renumbers = pl.Series(coin(rng, count, 0.06 / 365)) & table["mobile"].is_not_null()
    rows = np.flatnonzero(moves.to_numpy())
    fresh = places.addresses(rng, country[rows])
    columns = {}
    for name in ("street", "unit", "city", "region", "region_name", "postal_code"):
        columns[f"old_{name}"] = table[f"old_{name}"].scatter(rows, table[name].gather(rows))
        columns[name] = table[name].scatter(rows, fresh[name])
    rows = np.flatnonzero(weds.to_numpy())
    columns["former_last_name"] = table["former_last_name"].scatter(
        rows, table["last_name"].gather(rows)
    )
    columns["last_name"] = table["last_name"].scatter(
        rows, names.surnames(rng, table["culture"].gather(rows).to_numpy())
    )
    rows = np.flatnonzero(renumbers.to_numpy())
    columns["old_mobile"] = table["old_mobile"].scatter(rows, table["mobile"].gather(rows))
    columns["mobile"] = table["mobile"].scatter(
        rows, places.mobiles(rng, country[rows], table["area_code"].gather(rows))["phone"]
    )
    return table.with_columns(**columns), moves | weds | renumbers
