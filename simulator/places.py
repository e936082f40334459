"""Places: where people live in five countries, and what their telephone numbers look like there.

Cities with their region, postcodes and area codes; streets; addresses and numbers drawn from them.
Spelling variants of an address or a number are in `clerks`.
"""

import numpy as np
import polars as pl

from simulator.chance import DIGITS, coin, index, pick, tokens

COUNTRIES = ("US", "CA", "GB", "DE", "FR")
COUNTRY_WEIGHTS = (60, 10, 12, 10, 8)
DIALLING = {"US": "1", "CA": "1", "GB": "44", "DE": "49", "FR": "33"}
COUNTRY_NAMES = {
    "US": "United States", "CA": "Canada", "GB": "United Kingdom", "DE": "Germany", "FR": "France",
}

# city | region code | region name | first part of the postcode | area codes | weight
_CITIES = {
    "US": """New York|NY|New York|100|212 646 917|60
        Brooklyn|NY|New York|112|718 347|35
        Buffalo|NY|New York|142|716|10
        Los Angeles|CA|California|900|213 323 310|45
        San Diego|CA|California|921|619 858|20
        San Francisco|CA|California|941|415 628|16
        Sacramento|CA|California|958|916|12
        Chicago|IL|Illinois|606|312 773|34
        Springfield|IL|Illinois|627|217|6
        Houston|TX|Texas|770|713 281 832|30
        Dallas|TX|Texas|752|214 972|25
        Austin|TX|Texas|787|512|18
        San Antonio|TX|Texas|782|210|18
        El Paso|TX|Texas|799|915|8
        Phoenix|AZ|Arizona|850|602 480|20
        Tucson|AZ|Arizona|857|520|9
        Philadelphia|PA|Pennsylvania|191|215 267|19
        Pittsburgh|PA|Pennsylvania|152|412|10
        Miami|FL|Florida|331|305 786|18
        Orlando|FL|Florida|328|407|12
        Tampa|FL|Florida|336|813|12
        Jacksonville|FL|Florida|322|904|10
        Atlanta|GA|Georgia|303|404 678|16
        Charlotte|NC|North Carolina|282|704|12
        Raleigh|NC|North Carolina|276|919|9
        Seattle|WA|Washington|981|206|15
        Spokane|WA|Washington|992|509|6
        Portland|OR|Oregon|972|503|11
        Denver|CO|Colorado|802|303 720|13
        Boston|MA|Massachusetts|021|617 857|15
        Worcester|MA|Massachusetts|016|508|6
        Hartford|CT|Connecticut|061|860|6
        Newark|NJ|New Jersey|071|973|10
        Trenton|NJ|New Jersey|086|609|5
        Providence|RI|Rhode Island|029|401|5
        Portland|ME|Maine|041|207|4
        Baltimore|MD|Maryland|212|410 443|11
        Washington|DC|District of Columbia|200|202|10
        Richmond|VA|Virginia|232|804|7
        Nashville|TN|Tennessee|372|615|10
        Memphis|TN|Tennessee|381|901|9
        Louisville|KY|Kentucky|402|502|8
        Columbus|OH|Ohio|432|614|11
        Cleveland|OH|Ohio|441|216|9
        Cincinnati|OH|Ohio|452|513|8
        Detroit|MI|Michigan|482|313|9
        Grand Rapids|MI|Michigan|495|616|5
        Milwaukee|WI|Wisconsin|532|414|8
        Madison|WI|Wisconsin|537|608|4
        Minneapolis|MN|Minnesota|554|612|9
        St. Louis|MO|Missouri|631|314|8
        Kansas City|MO|Missouri|641|816|7
        Omaha|NE|Nebraska|681|402|5
        Des Moines|IA|Iowa|503|515|4
        Salt Lake City|UT|Utah|841|801|6
        Boise|ID|Idaho|837|208|4
        Las Vegas|NV|Nevada|891|702|11
        Albuquerque|NM|New Mexico|871|505|6
        Oklahoma City|OK|Oklahoma|731|405|7
        Tulsa|OK|Oklahoma|741|918|5
        New Orleans|LA|Louisiana|701|504|7
        Birmingham|AL|Alabama|352|205|6
        Charleston|SC|South Carolina|294|843|4
        Honolulu|HI|Hawaii|968|808|4
        Anchorage|AK|Alaska|995|907|3""",
    "CA": """Toronto|ON|Ontario|M5|416 647|30
        Mississauga|ON|Ontario|L5|905|10
        Ottawa|ON|Ontario|K1|613|11
        London|ON|Ontario|N6|519|5
        Montréal|QC|Quebec|H3|514 438|20
        Québec|QC|Quebec|G1|418|7
        Vancouver|BC|British Columbia|V6|604 778|14
        Victoria|BC|British Columbia|V8|250|5
        Calgary|AB|Alberta|T2|403|11
        Edmonton|AB|Alberta|T5|780|9
        Winnipeg|MB|Manitoba|R3|204|6
        Halifax|NS|Nova Scotia|B3|902|4
        Saskatoon|SK|Saskatchewan|S7|306|3""",
    "GB": """London|LND|Greater London|N|20|25
        London|LND|Greater London|SW|20|15
        Birmingham|BIR|West Midlands|B|121|11
        Manchester|MAN|Greater Manchester|M|161|11
        Leeds|LDS|West Yorkshire|LS|113|8
        Sheffield|SHF|South Yorkshire|S|114|6
        Liverpool|LIV|Merseyside|L|151|7
        Bristol|BST|Bristol|BS|117|6
        Leicester|LCE|Leicestershire|LE|116|4
        Glasgow|GLG|Glasgow City|G|141|7
        Edinburgh|EDH|City of Edinburgh|EH|131|6
        Cardiff|CRF|Cardiff|CF|29|4
        Belfast|BFS|Belfast|BT|28|3""",
    "DE": """Berlin|BE|Berlin|10|30|22
        Hamburg|HH|Hamburg|20|40|14
        München|BY|Bayern|80|89|13
        Köln|NW|Nordrhein-Westfalen|50|221|10
        Düsseldorf|NW|Nordrhein-Westfalen|40|211|6
        Frankfurt am Main|HE|Hessen|60|69|8
        Stuttgart|BW|Baden-Württemberg|70|711|7
        Leipzig|SN|Sachsen|04|341|6
        Dresden|SN|Sachsen|01|351|5
        Nürnberg|BY|Bayern|90|911|5
        Hannover|NI|Niedersachsen|30|511|5
        Münster|NW|Nordrhein-Westfalen|48|251|3""",
    "FR": """Paris|IDF|Île-de-France|750|1|24
        Boulogne-Billancourt|IDF|Île-de-France|921|1|7
        Lyon|ARA|Auvergne-Rhône-Alpes|690|4|10
        Saint-Étienne|ARA|Auvergne-Rhône-Alpes|420|4|3
        Marseille|PAC|Provence-Alpes-Côte d'Azur|130|4|10
        Nice|PAC|Provence-Alpes-Côte d'Azur|060|4|6
        Bourg-en-Bresse|ARA|Auvergne-Rhône-Alpes|010|4|2
        Toulouse|OCC|Occitanie|310|5|8
        Bordeaux|NAQ|Nouvelle-Aquitaine|330|5|7
        Lille|HDF|Hauts-de-France|590|3|7
        Strasbourg|GES|Grand Est|670|3|5
        Nantes|PDL|Pays de la Loire|440|2|6""",
}

_STREETS = {
    "US": """Main Oak Maple Cedar Elm Washington Lake Hill Walnut Pine Park Spring Church Franklin
        Jefferson Madison Jackson Lincoln Adams Highland Mill River Forest Prospect Chestnut Sunset
        Meadow Ridge Valley Willow Dogwood Hickory Magnolia Sycamore Birch Cherry Laurel Juniper
        Hillcrest Fairview Lakeview Riverside Woodland Clinton Monroe Harrison Grant Sherman Liberty
        Union Market Broad Center Second Third Fourth Fifth Sixth Seventh Eighth Ninth Tenth
        Cambridge Oxford Windsor Kensington Whispering_Pines Old_Mill Fox_Hollow Deer_Run Stone_Gate
        Martin_Luther_King Cesar_Chavez El_Camino Mission Valencia San_Pedro""",
    "GB": """High Station Church Victoria London Park Green Manor Queens Kings New Mill Springfield
        Albert George Windsor Chester Richmond Grange York Stanley Alexandra Cromwell Highfield
        Orchard Ferndale Elm_Tree St_John's St_Mary's Queen_Elizabeth Broomfield Nelson Wellington
        Clarendon Beech Ash Sycamore Hawthorn Priory Abbey Castle Bridge Cambridge Oxford Salisbury
        Balmoral Trafalgar Waterloo""",
    "DE": """Haupt Bahnhof Schul Garten Berg Dorf Linden Kirch Wald Ring Birken Goethe Schiller
        Mozart Beethoven Rosen Wiesen Tal Mühlen Feld Blumen Eichen Buchen Kastanien Friedhof Markt
        Lessing Bismarck Kaiser König Luisen Wilhelm Friedrich Schloss Brunnen Ahorn Tannen Jäger
        Uhland Heine Kant Röntgen Kepler Schützen Industrie Nord Süd Ost West""",
    "FR": """de_la_République Victor_Hugo de_la_Paix Pasteur Jean_Jaurès Gambetta du_Moulin
        de_l'Église des_Écoles de_la_Gare Voltaire Émile_Zola des_Lilas du_Château Nationale
        du_Stade Saint-Martin des_Tilleuls de_Verdun Jules_Ferry de_la_Liberté Molière des_Roses
        du_Général_de_Gaulle de_la_Fontaine des_Acacias Carnot du_Marché Anatole_France Diderot
        Louis_Pasteur de_Strasbourg de_Lyon du_Faubourg_Saint-Honoré des_Vignes Sainte-Anne""",
}
_STREETS["CA"] = _STREETS["US"]

_STREET_TYPES = {
    "US": (("Street", "Avenue", "Road", "Drive", "Lane", "Boulevard", "Court", "Place", "Way"),
           (30, 22, 12, 14, 8, 4, 6, 3, 3)),
    "GB": (("Road", "Street", "Lane", "Avenue", "Close", "Gardens", "Terrace", "Court"),
           (34, 22, 12, 12, 10, 4, 4, 2)),
    "DE": (("straße", "weg", "allee", "platz", "gasse"), (65, 18, 7, 4, 6)),
    "FR": (("rue", "avenue", "boulevard", "place", "chemin", "impasse"), (60, 16, 8, 4, 8, 4)),
}
_STREET_TYPES["CA"] = _STREET_TYPES["US"]


def _city_table(country: str) -> pl.DataFrame:
    rows = [line.strip().split("|") for line in _CITIES[country].splitlines()]
    table = pl.DataFrame(
        rows, schema=["city", "region", "region_name", "post", "codes", "weight"], orient="row"
    )
    return table.with_columns(pl.col("weight").cast(pl.Float64), pl.col("codes").str.split(" "))


def by_country(country: np.ndarray, make) -> pl.DataFrame:
    """Stack `make(country code, how many)` for each country, back in the order of `country`."""
    parts, places = [], []
    for number, code in enumerate(COUNTRIES):
        rows = np.flatnonzero(country == number)
        if len(rows):
            parts.append(make(code, len(rows)))
            places.append(rows)
    if not parts:
        return make("US", 0)
    return pl.concat(parts).gather(np.argsort(np.concatenate(places), kind="stable"))


def addresses(rng: np.random.Generator, country: np.ndarray) -> pl.DataFrame:
    """street, unit, city, region, region_name, postal_code, country, area_code: one a row.

    One address in eight is in a block of flats, where strangers share the house number.
    """

    def make(code: str, count: int) -> pl.DataFrame:
        cities = _city_table(code)
        chosen = cities.gather(index(rng, count, cities["weight"].to_numpy()))
        street_names = [name.replace("_", " ") for name in _STREETS[code].split()]
        types, weights = _STREET_TYPES[code]
        kind = pick(rng, count, types, weights)
        in_block = coin(rng, count, 0.125)
        # Blocks stand at few numbers of few streets, so that many people live in each.
        number = np.where(
            in_block,
            rng.integers(1, 12, count) * 10,
            (10 ** rng.uniform(0.3, 3.9 if code in ("US", "CA") else 2.3, count)).astype(int),
        )
        name = pl.Series(street_names).gather(
            np.where(in_block, rng.integers(0, 6, count), rng.integers(0, len(street_names), count))
        )
        unit_number = pl.Series(rng.integers(1, 400, count)).cast(pl.String)
        unit_word = pick(rng, count, {
            "US": ["Apt ", "Apt. ", "#", "Unit "], "CA": ["Apt ", "Unit ", "Suite ", "#"],
            "GB": ["Flat "], "DE": ["Whg. "], "FR": ["Appt "],
        }[code])
        frame = pl.DataFrame({
            "number": pl.Series(number).cast(pl.String), "name": name, "kind": kind,
            "unit": unit_word + unit_number, "in_block": in_block,
        })
        street = {
            "DE": pl.when(pl.col("name").is_in(["Nord", "Süd", "Ost", "West", "König", "Kaiser"]))
            .then(pl.col("name") + pl.lit("straße")).otherwise(pl.col("name") + pl.col("kind"))
            + " " + pl.col("number"),
            "FR": pl.col("number") + " " + pl.col("kind") + " " + pl.col("name"),
        }.get(code, pl.col("number") + " " + pl.col("name") + " " + pl.col("kind"))
        codes = chosen["codes"].list
        area = codes.get(pl.Series((rng.random(count) * codes.len().to_numpy()).astype(np.int64)))
        return pl.concat(
            [
                frame.select(
                    street.alias("street"),
                    pl.when("in_block").then("unit").alias("unit"),
                ),
                chosen.select("city", "region", "region_name"),
                pl.DataFrame({
                    "postal_code": _postcodes(rng, code, chosen["post"]),
                    "country": pl.Series([code], dtype=pl.String).new_from_index(0, count),
                    "area_code": area,
                }),
            ],
            how="horizontal",
        )

    return by_country(country, make)


def _postcodes(rng: np.random.Generator, code: str, first: pl.Series) -> pl.Series:
    count = len(first)
    digit = tokens(rng, count, 1, DIGITS)
    if code == "CA":
        letters = b"ABCEGHJKLMNPRSTVWXYZ"
        return (
            first + tokens(rng, count, 1, letters) + " " + digit
            + tokens(rng, count, 1, letters) + tokens(rng, count, 1, DIGITS)
        )
    if code == "GB":
        district = pl.Series(rng.integers(1, 20, count)).cast(pl.String)
        return first + district + " " + digit + tokens(rng, count, 2, b"ABDEFGHJLNPQRSTUWXYZ")
    width = {"US": 2, "FR": 2, "DE": 3}[code]
    # A city has few of the postcodes that its first digits allow.
    return first + pl.Series(rng.integers(1, 40, count)).cast(pl.String).str.zfill(width)


def mobiles(rng: np.random.Generator, country: np.ndarray, area_code: pl.Series) -> pl.DataFrame:
    """A column `phone` of E.164 numbers; North American mobiles have their city's area code."""
    return _numbers(rng, country, area_code, is_mobile=True)


def landlines(rng: np.random.Generator, country: np.ndarray, area_code: pl.Series) -> pl.DataFrame:
    return _numbers(rng, country, area_code, is_mobile=False)


def _numbers(rng, country: np.ndarray, area_code: pl.Series, *, is_mobile: bool) -> pl.DataFrame:
    rows_of = [np.flatnonzero(country == number) for number in range(len(COUNTRIES))]

    def make(code: str, count: int) -> pl.DataFrame:
        area = area_code.gather(rows_of[COUNTRIES.index(code)])[:count]

        def number(low: int, high: int, width: int) -> pl.Series:
            return pl.Series(rng.integers(low, high, count)).cast(pl.String).str.zfill(width)

        if code in ("US", "CA"):
            exchange = rng.integers(220, 990, count)
            exchange += np.where(exchange % 100 == 11, 1, 0)
            exchange += np.where(exchange == 555, 1, 0)
            national = area + pl.Series(exchange).cast(pl.String) + number(0, 10**4, 4)
        elif code == "GB":
            wide = number(10**5, 10**6, 6)
            seven = pick(rng, count, ["2", "3", "4"]) + wide
            london = pick(rng, count, ["7", "8"]) + number(0, 10**7, 7)
            landline = (
                pl.DataFrame({"area": area, "seven": seven, "london": london})
                .select(
                    pl.when(pl.col("area") == "20").then(pl.col("area") + pl.col("london"))
                    .when(pl.col("area") == "29")
                    .then(pl.col("area") + pl.lit("20") + pl.col("seven").str.slice(0, 6))
                    .when(pl.col("area") == "28")
                    .then(pl.col("area") + pl.lit("90") + pl.col("seven").str.slice(0, 6))
                    .otherwise(pl.col("area") + pl.col("seven"))
                ).to_series()
            )
            national = number(7100, 7400, 4) + wide if is_mobile else landline
        elif code == "DE":
            prefix = pick(rng, count, ["151", "160", "170", "171", "172", "175", "176", "179"])
            tail = pl.DataFrame({"prefix": prefix, "tail": number(0, 10**8, 8)}).select(
                pl.when(pl.col("prefix").is_in(["151", "176"])).then("tail")
                .otherwise(pl.col("tail").str.slice(1))
            ).to_series()
            national = prefix + tail if is_mobile else area + number(2 * 10**6, 9 * 10**6, 7)
        else:
            prefix = {"1": "42", "2": "40", "3": "88", "4": "78", "5": "61"}
            landline = area + area.replace_strict(prefix, return_dtype=pl.String) + number(
                10**5, 10**6, 6
            )
            mobile = "6" + number(4 * 10**7, 9 * 10**7, 8)
            national = mobile if is_mobile else landline
        return pl.DataFrame({"phone": "+" + DIALLING[code] + national})

    return by_country(country, make)
