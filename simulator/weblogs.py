"""Web logs: the shop's Apache log with a visitor cookie, and the magazine's CloudFront log.

Visits of people (browsing, buying, leaving a cart, coming from a mail), of strangers and of bots,
page by page. A login puts the account's e-mail into the user field, a mail's link its token into
the query, a purchase its order's name; before that a visitor is a cookie, or not even that.
"""

import numpy as np
import polars as pl

from simulator import lives
from simulator.chance import coin, pick, tokens
from simulator.company import CATEGORIES, MAGAZINE, SITE
from simulator.files import Night, gz, lines
from simulator.lives import DAY, WEB_HOURS
from simulator.mailchimp import Mailchimp
from simulator.shopify import Shopify
from simulator.text import hexadecimal, moment
from simulator.world import World

VISITS_A_YEAR, LETTER_CLICKS_A_YEAR, MAGAZINE_VISITS_A_YEAR = 1.0, 0.5, 0.35
# Of all visits: by people who are nobody's record, and lines asked for by machines.
_STRANGERS, _BOTS = 0.25, 0.07
_MALFORMED = 0.0003
_NO_COOKIE = 0.12

_AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/18.4 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/136.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Linux; Android 15; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/136.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.3 Safari/605.1.15",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:138.0) Gecko/20100101 Firefox/138.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/135.0.0.0 Safari/537.36 Edg/135.0.0.0",
    "Mozilla/5.0 (iPad; CPU OS 17_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.7 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/134.0.0.0 "
    "Safari/537.36",
)
_AGENT_WEIGHTS = (28, 24, 16, 12, 7, 7, 4, 2)
_BOT_AGENTS = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    "Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)",
    "python-requests/2.32.3",
)
CLOUDFRONT_FIELDS = (
    "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) "
    "cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header "
    "cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher "
    "x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port "
    "time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len sc-range-start "
    "sc-range-end"
).split()

# Steps of a visit, in the order in which they can come.
_LANDING, _LOGIN, _CATEGORY, _PRODUCT, _CART, _SIGN_IN, _CHECKOUT, _COMPLETE = (
    0, 1, 10, 100, 900, 910, 920, 930,
)


class WebLogs:
    """Remembers nothing: cookies, agents and addresses follow from who the visitor is."""

    def deliver(
        self,
        world: World,
        night: Night,
        shopify: Shopify,
        mailchimp: Mailchimp,
        clicks: pl.DataFrame,
        orders: pl.DataFrame,
        order_lines: pl.DataFrame,
    ) -> None:
        rng = world.chance("visits", night.on.isoformat())
        visits = _visits(rng, world, night, mailchimp, clicks, orders)
        logins = _logins(world, shopify)
        chunk = pl.select(pl.from_epoch(visits["at"]).dt.strftime("%Y-%m")).to_series()
        first_line = np.searchsorted(order_lines["order"].to_numpy(), np.arange(len(orders)))
        last_line = np.append(first_line, len(order_lines))
        for name in chunk.unique().sort():
            rng = world.chance("web", night.on.isoformat(), name)
            these = visits.filter(chunk == name)
            views = _views(rng, world, these, order_lines["product"].to_numpy(), last_line, night)
            text = _apache(rng, world, these, views, logins)
            label = name if night.is_first else night.since
            night.write("weblogs", f"www-access-{label}.log", lines(text))
            world.say(f"web log {label}: {len(text)} lines")
        _magazine(world, night)


def _hashed(values: np.ndarray, salt: int) -> np.ndarray:
    """A fixed random number of each value (splitmix64)."""
    mixed = values.astype(np.uint64) + np.uint64((salt * 0x9E3779B97F4A7C15) % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return mixed ^ (mixed >> np.uint64(31))


def _devices(seed: int, visitor: np.ndarray, which: np.ndarray, at: np.ndarray) -> pl.DataFrame:
    """cookie (null where refused), address, agent of a visitor's first or second device.

    Every 230 days or so a browser forgets its cookie; the telephone changes its address every day.
    """
    device = visitor.astype(np.int64) * 2 + which
    fixed = _hashed(device, seed)
    age = (at + (fixed % np.uint64(230 * DAY)).astype(np.int64)) // (230 * DAY)
    mixed = _hashed(device * 64 + age % 64, seed + 1)
    refuses = fixed % np.uint64(1000) < np.uint64(int(_NO_COOKIE * 1000))
    edges = np.cumsum(_AGENT_WEIGHTS)
    agent = np.searchsorted(edges, (fixed >> np.uint64(20)) % np.uint64(edges[-1]), side="right")
    place = np.where(which == 1, _hashed(device * 4096 + at // DAY % 4096, seed + 2),
                     _hashed(visitor, seed + 3))
    parts = [(place >> np.uint64(8 * byte)) % np.uint64(254) + np.uint64(1) for byte in range(3)]
    return pl.DataFrame({
        "cookie": hexadecimal(mixed, 16), "refuses": refuses,
        "agent": pl.Series(_AGENTS).gather(agent),
        "a": pl.Series(parts[0]), "b": pl.Series(parts[1]), "c": pl.Series(parts[2]),
        "net": pl.Series(np.array([24, 71, 82, 92, 174])[(place >> np.uint64(40))
                                                         % np.uint64(5)]),
    }).select(
        pl.when(~pl.col("refuses")).then("cookie").alias("cookie"), "agent",
        pl.format("{}.{}.{}.{}", "net", "a", "b", "c").alias("address"),
    )


def _visits(rng, world: World, night: Night, mailchimp: Mailchimp, clicks, orders) -> pl.DataFrame:
    """One row a visit: person (null for strangers), visitor, at, kind, taste, path, order, name."""
    crowd = world.people
    bought = orders.with_row_index("order").filter(
        ~pl.col("at_till") & pl.col("source").is_in(["web", "iphone"])
    )
    rate = VISITS_A_YEAR * crowd["appetite"].to_numpy()
    who, at = lives.moments(rng, crowd, rate, night.start, night.end, WEB_HOURS)
    kind = np.where(coin(rng, len(who), 0.16), "leave", "browse")

    members = mailchimp.members.filter(pl.col("status") == 0)
    readers = crowd.gather(members["person"])
    member, clicked = lives.moments(
        rng, readers, LETTER_CLICKS_A_YEAR * readers["appetite"].to_numpy(), night.start,
        night.end, WEB_HOURS,
    )
    count = round(len(who) * _STRANGERS)
    stranger_at = night.start + (rng.random(count) * (night.end - night.start)).astype(np.int64)
    nothing = pl.lit(None, pl.String)

    def part(table: pl.DataFrame, kind, path=nothing, order=None, name=nothing) -> pl.DataFrame:
        return table.select(
            "person", pl.col("at").cast(pl.Int64), kind.alias("kind"), path.alias("path"),
            (pl.lit(-1) if order is None else pl.col(order)).cast(pl.Int64).alias("order"),
            name.alias("name"),
        )

    visits = pl.concat([
        part(bought, pl.lit("buy"), order="order", name=pl.col("name")),
        part(pl.DataFrame({"person": who, "at": at}), pl.lit(pl.Series(kind))),
        part(clicks, pl.lit("click"), path=pl.col("path")),
        part(pl.DataFrame({
            "person": members["person"].gather(member), "at": clicked,
            "path": "/c/" + pick(rng, len(member), list(CATEGORIES))
            + "?utm_source=mailchimp&utm_medium=email&mc_cid=9c3f0b7e55&mc_eid="
            + members["euid"].gather(member),
        }), pl.lit("click"), path=pl.col("path")),
        part(pl.DataFrame({
            "person": pl.Series([None] * count, dtype=pl.Int64), "at": stranger_at,
        }), pl.lit("browse")),
    ])
    stranger = 2**40 + rng.integers(0, 2**40, len(visits))
    person = world.turns.device_of(visits["person"])
    visitor = person.fill_null(pl.Series(stranger)).to_numpy()
    telephone = coin(rng, len(visits), 0.35)
    taste = crowd["taste"].gather(visits["person"].fill_null(0))
    return pl.concat(
        [visits, _devices(world.seed, visitor, telephone, visits["at"].to_numpy())],
        how="horizontal",
    ).with_columns(
        pl.when(pl.col("person").is_null()).then(pl.Series(rng.integers(0, 12, len(visits))))
        .otherwise(taste).alias("taste"),
    ).sort("at", maintain_order=True)


def _logins(world: World, shopify: Shopify) -> pl.Series:
    """For each person the e-mail of the shop account, as the login it is."""
    place = shopify.customer_of(len(world.people))
    return shopify.customers["email"].str.to_lowercase().gather(np.maximum(place, 0)).to_frame(
        "login").select(pl.when(pl.Series(place >= 0)).then("login")).to_series()


def _views(
    rng, world: World, visits: pl.DataFrame, product: np.ndarray, last_line, night: Night
) -> pl.DataFrame:
    """One row a request: visit (position), step, method, path, status, at; in order of visit."""
    count = len(visits)
    kind = visits["kind"].to_numpy()
    buys, leaves = kind == "buy", kind == "leave"
    sku = world.products["sku"].to_numpy()
    visit, step, path, status, method = [], [], [], [], []

    def add(rows, at, text, code=200, verb="GET") -> None:
        visit.append(rows)
        step.append(np.broadcast_to(at, rows.shape))
        path.append(pl.Series(text, dtype=pl.String) if not isinstance(text, pl.Series) else text)
        status.append(np.full(len(rows), code))
        method.append(np.full(len(rows), verb == "POST"))

    def same(text: str, rows) -> pl.Series:
        return pl.Series([text]).new_from_index(0, len(rows))

    every = np.arange(count)
    landing = visits["path"].fill_null(
        pick(rng, count, ["/", "/?utm_source=google&utm_medium=cpc", "/sale", "/stores"],
             (70, 14, 10, 6))
    )
    add(every, _LANDING, landing)
    logs_in = np.flatnonzero(~buys & coin(rng, count, 0.2))
    add(logs_in, _LOGIN, same("/account/login", logs_in), 302, "POST")

    categories = list(CATEGORIES)
    rows = np.repeat(every, rng.poisson(0.9, count))
    chosen = np.where(coin(rng, len(rows), 0.6), visits["taste"].to_numpy()[rows],
                      rng.integers(0, len(categories), len(rows)))
    add(rows, _CATEGORY + np.arange(len(rows)) % 80, "/c/" + pl.Series(categories).gather(chosen))

    looks = np.where(buys, 0, rng.geometric(0.5, count))
    rows = np.repeat(every, looks)
    at = _PRODUCT + np.arange(len(rows)) % 70 * 10
    seen = lives.baskets(rng, visits["taste"].to_numpy()[rows], world.products)
    seen = seen.unique("order", keep="first", maintain_order=True)["product"].to_numpy()
    add(rows, at, "/p/" + pl.Series(sku[seen]))
    taken = leaves[rows] & coin(rng, len(rows), 0.8)
    add(rows[taken], at[taken] + 5, "/cart/add?sku=" + pl.Series(sku[seen[taken]]) + "&qty=1", 302)

    order = visits["order"].to_numpy()
    length = np.where(buys, last_line[order + 1] - last_line[order], 0)
    rows = np.repeat(every, length)
    offset = np.arange(len(rows)) - np.repeat(np.cumsum(length) - length, length)
    bought = product[last_line[order[rows]] + offset]
    at = _PRODUCT + offset * 10
    add(rows, at, "/p/" + pl.Series(sku[bought]))
    add(rows, at + 5, "/cart/add?sku=" + pl.Series(sku[bought]) + "&qty=1", 302)

    full = np.flatnonzero(buys | leaves)
    add(full, _CART, same("/cart", full))
    signs_in = np.flatnonzero(buys & coin(rng, count, 0.65))
    add(signs_in, _SIGN_IN, same("/account/login", signs_in), 302, "POST")
    checks = np.flatnonzero(buys | (leaves & coin(rng, count, 0.4)))
    add(checks, _CHECKOUT, same("/checkout", checks))
    done = np.flatnonzero(buys)
    name = visits["name"].gather(done).str.replace("#", "%23", literal=True)
    add(done, _COMPLETE, "/checkout/complete?order=" + name)

    place = np.concatenate(visit)
    step = np.concatenate(step)
    by = np.argsort(place * 1000 + step, kind="stable")
    views = pl.DataFrame({
        "visit": place, "step": step, "path": pl.concat(path),
        "status": np.concatenate(status), "is_post": np.concatenate(method),
    }).gather(by)
    # Time runs on between pages; a purchase ends when its order was made.
    place = views["visit"].to_numpy()
    gap = (rng.exponential(38, len(views)) + 2).astype(np.int64)
    total = np.cumsum(gap)
    starts = np.searchsorted(place, every)
    ends = np.append(starts[1:], len(place)) - 1
    origin = np.where(buys, total[ends] - 3, total[starts])
    at = visits["at"].to_numpy()[place] + total - origin[place]
    at = np.clip(at, night.start, night.end - 1)
    logged_in = np.zeros(count, dtype=np.int64) + 10_000
    logged_in[logs_in] = _LOGIN
    logged_in[signs_in] = _SIGN_IN
    return views.with_columns(
        pl.Series("at", at), pl.Series("is_user", views["step"].to_numpy() > logged_in[place])
    )


def _apache(rng, world: World, visits, views: pl.DataFrame, logins: pl.Series) -> pl.Series:
    """The log's lines in order of time, bots and damage included."""
    place = views["visit"]
    who = visits["person"].gather(place)
    login = logins.gather(who.fill_null(0))
    path = views["path"]
    came_from = path.shift(1)
    is_first = (views["step"] == _LANDING)
    searched = pl.Series(coin(rng, len(views), 0.35))
    # A failed login leaves no user: only people with an account have one.
    is_user = views["is_user"] & who.is_not_null() & login.is_not_null()
    requests = views.select(
        "at", "is_post", "path", "status",
        visits["address"].gather(place).alias("address"),
        visits["agent"].gather(place).alias("agent"),
        pl.when(visits["cookie"].gather(place).is_not_null())
        .then("vid=" + visits["cookie"].gather(place)).otherwise(pl.lit("-")).alias("cookie"),
        pl.when(is_user).then(login).otherwise(pl.lit("-")).alias("user"),
        pl.when(~is_first).then(f"https://{SITE}" + came_from)
        .when(searched).then(pl.lit("https://www.google.com/")).otherwise(pl.lit("-"))
        .alias("referer"),
    )
    _note_visitors(world, visits, views, is_user)
    count = round(len(requests) * _BOTS * world.turns.pace("bots"))
    start, end = int(requests["at"].min() or 0), int(requests["at"].max() or 0) + 1
    goods = "/p/" + world.products["sku"].gather(rng.integers(0, len(world.products), count))
    pages = pick(rng, count, ["/robots.txt", "/sitemap.xml", "/wp-login.php", "/"], (5, 3, 2, 10))
    robot = rng.integers(0, len(_BOT_AGENTS), count)
    bots = pl.DataFrame({
        "at": rng.integers(start, end, count), "is_post": np.zeros(count, bool),
        "path": pl.select(
            pl.when(pl.Series(coin(rng, count, 0.8))).then(goods).otherwise(pages)).to_series(),
        "status": np.where(coin(rng, count, 0.1), 404, 200),
        "address": pl.select(pl.format(
            "66.249.{}.{}", pl.Series(64 + robot), pl.Series(rng.integers(1, 60, count)),
        )).to_series(),
        "agent": pl.Series(_BOT_AGENTS).gather(robot),
    }).with_columns(cookie=pl.lit("-"), user=pl.lit("-"), referer=pl.lit("-"))
    requests = pl.concat([requests, bots.select(requests.columns)])
    requests = requests.gather(np.argsort(requests["at"].to_numpy(), kind="stable"))
    size = pl.Series(rng.integers(900, 48_000, len(requests)))
    text = requests.select(pl.concat_str(
        "address", pl.lit(" - "), "user", moment(pl.col("at"), " [%d/%b/%Y:%H:%M:%S +0000] \""),
        pl.when("is_post").then(pl.lit("POST ")).otherwise(pl.lit("GET ")), "path",
        pl.lit(' HTTP/1.1" '), "status", pl.lit(" "),
        pl.when(pl.col("status") == 302).then(pl.lit("-")).otherwise(size.cast(pl.String)),
        pl.lit(' "'), "referer", pl.lit('" "'), "agent", pl.lit('" "'), "cookie", pl.lit('"'),
    )).to_series()
    broken = np.flatnonzero(coin(rng, len(text), _MALFORMED))
    torn = text.gather(broken)
    return text.scatter(broken, torn.str.slice(0, torn.str.len_chars() * 2 // 5))


def _note_visitors(world: World, visits, views: pl.DataFrame, is_user: pl.Series) -> None:
    """Whose cookie it is, and whether anything in the log could ever tell."""
    told = pl.DataFrame({
        "visit": views["visit"],
        "tells": is_user | (views["step"] == _COMPLETE)
        | views["path"].str.contains("(ecid|mc_eid)="),
    }).group_by("visit").agg(pl.col("tells").any()).sort("visit")
    world.note("visitors", visits.select(
        pl.col("cookie").alias("visitor"), "person", told["tells"].alias("is_knowable"),
    ).filter(pl.col("visitor").is_not_null()).group_by(
        "visitor", "person", maintain_order=True
    ).agg(pl.col("is_knowable").any()))


def _magazine(world: World, night: Night) -> None:
    rng = world.chance("magazine", night.on.isoformat())
    rate = MAGAZINE_VISITS_A_YEAR * world.people["appetite"].to_numpy()
    who, at = lives.moments(rng, world.people, rate, night.start, night.end, WEB_HOURS)
    count = len(who)
    if not count:
        return
    device = _devices(world.seed, who, coin(rng, count, 0.35), at)
    size = rng.integers(2_000, 90_000, count)
    story = pick(rng, count, ["slow-mornings", "the-autumn-border", "café-corner".replace("é", "e"),
                              "linen-care", "a-shed-of-ones-own"])
    agent = device["agent"].str.replace_all(" ", "%2520", literal=True).str.replace_all(
        ";", "%253B", literal=True)
    kind = pick(rng, count, ["Hit", "Miss", "RefreshHit"], (70, 25, 5))
    port = rng.integers(20_000, 65_000, count)
    took = pl.Series(rng.integers(1, 400, count)).cast(pl.String).str.zfill(3)
    table = pl.DataFrame({"at": at, "size": size, "port": port}).with_columns(
        device["address"], device["cookie"], story.alias("story"), agent.alias("agent"),
        kind.alias("kind"), took.alias("took"),
        tokens(rng, count, 54, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        .alias("request"),
        pick(rng, count, ["JFK51-C1", "ORD52-P4", "LHR61-P2", "FRA56-P7", "CDG52-P1"])
        .alias("edge"),
    )
    tab, dash = pl.lit("\t"), pl.lit("-")
    cells = [
        moment(pl.col("at"), "%Y-%m-%d\t%H:%M:%S"), "edge", "size", "address", pl.lit("GET"),
        pl.lit("d1exampleab12c.cloudfront.net"), "/story/" + pl.col("story"), pl.lit("200"),
        pl.lit(f"https://{SITE}/"), "agent", dash,
        pl.when(pl.col("cookie").is_not_null()).then("vid=" + pl.col("cookie")).otherwise(dash),
        "kind", pl.col("request") + "==", pl.lit(MAGAZINE), pl.lit("https"), pl.lit("512"),
        "0." + pl.col("took"), dash, pl.lit("TLSv1.3"), pl.lit("TLS_AES_128_GCM_SHA256"), "kind",
        pl.lit("HTTP/2.0"), dash, dash, "port", "0." + pl.col("took"), "kind",
        pl.lit("text/html"), "size", dash, dash,
    ]
    pieces = []
    for cell in cells:
        pieces += [cell, tab]
    text = table.select(pl.concat_str(*pieces[:-1])).to_series()
    world.note("visitors", pl.DataFrame({
        "visitor": device["cookie"], "person": pl.Series(who),
        "is_knowable": np.zeros(count, dtype=bool),
    }).filter(pl.col("visitor").is_not_null()))
    head = f"#Version: 1.0\n#Fields: {' '.join(CLOUDFRONT_FIELDS)}\n".encode()
    night.write("weblogs", f"E2LARKFIELDJRN.{night.since}-00.1f4a9c07.gz", gz(head + lines(text)))
