"""Names: what people of eleven cultures are called, how often, and what friends call them.

Lists of first names (most frequent first), surnames, the parts that rarer surnames are made of,
and nicknames in real use. How a clerk misspells a name is in `clerks`.
"""

import unicodedata
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from simulator.chance import coin, index, zipf


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


@dataclass(frozen=True)
class Culture:
    """A culture's name lists; `parts` and `endings` combine into the long tail of surnames."""

    key: str
    female: tuple[str, ...]
    male: tuple[str, ...]
    surnames: tuple[str, ...]
    parts: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
    joined_names: float = 0.0
    double_surnames: float = 0.0

    @cached_property
    def all_surnames(self) -> pl.Series:
        known = list(self.surnames)
        seen = set(known)
        tail = (part + ending for part in self.parts for ending in self.endings)
        rare = [name for name in dict.fromkeys(tail) if name not in seen]
        # A fixed stride mixes the endings, so that rare names are not frequent by alphabet.
        rare = [rare[(place * 7919) % len(rare)] for place in range(len(rare))] if rare else []
        return pl.Series(list(dict.fromkeys(known + rare)))

    @cached_property
    def surname_weights(self) -> np.ndarray:
        return zipf(len(self.all_surnames), shift=8, exponent=0.95)


CULTURES = (
    Culture(
        "english",
        _words("""Mary Jennifer Elizabeth Sarah Jessica Emily Linda Patricia Susan Karen Margaret
        Lisa Ashley Amanda Emma Olivia Laura Michelle Kimberly Rebecca Hannah Amy Katherine Rachel
        Victoria Charlotte Samantha Nicole Megan Abigail Christine Deborah Catherine Barbara Nancy
        Sandra Stephanie Heather Melissa Julia Grace Alice Chloe Sophie Lucy Eleanor Caroline
        Pamela Theresa Judith Diane Frances Joan Beverly Natalie Madison Lauren Brittany Courtney
        Danielle Kayla Alexandra Gemma Fiona Harriet Imogen Paige Bethany Dorothy Ruth Virginia"""),
        _words("""James John Michael David Robert William Thomas Christopher Daniel Matthew Joseph
        Andrew Richard Charles Anthony Mark Steven Paul Kevin Brian Joshua Ryan Benjamin Samuel
        Nicholas Jonathan Alexander Edward George Timothy Jacob Jack Oliver Harry Stephen Kenneth
        Gregory Patrick Peter Raymond Lawrence Ronald Donald Gary Jeffrey Scott Eric Adam Nathan
        Zachary Tyler Aaron Henry Walter Albert Arthur Philip Douglas Dennis Gerald Keith Roger
        Terry Sean Ethan Logan Dylan Callum Liam Gareth Simon Nigel Russell Frederick Theodore"""),
        _words("""Smith Johnson Williams Brown Jones Davis Miller Wilson Moore Taylor Anderson
        Thomas Jackson White Harris Martin Thompson Robinson Clark Lewis Lee Walker Hall Allen Young
        King Wright Scott Green Baker Adams Nelson Hill Campbell Mitchell Roberts Carter Phillips
        Evans Turner Parker Collins Edwards Stewart Morris Rogers Reed Cook Morgan Bell Murphy
        Bailey Cooper Richardson Cox Howard Ward Peterson Gray James Watson Brooks Kelly Sanders
        Price Bennett Wood Barnes Ross Henderson Coleman Jenkins Perry Powell Long Patterson Hughes
        Washington Butler Simmons Foster Bryant Alexander Russell Griffin Hayes Myers Ford Hamilton
        Graham Sullivan Wallace Woods Cole West Jordan Owens Reynolds Fisher Ellis Harrison Gibson
        McDonald O'Brien O'Connor McCarthy MacLeod Fitzgerald Cruz-Hall Marshall Wells Webb Burton
        Chapman Knight Lawson Pearce Dawson Fletcher Holt Hodgson Whitaker Pritchard"""),
        _words("""Ash Black Brad Brom Cal Carl Chat Clay Clif Cros Dal Dun East El Fair Far Green
        Hal Hart Hather Haw Hol Hux Kirk Lang Lin Lock Mar Mead Mill Nor Oak Pem Pres Rad Red Rock
        Rush Shel Stan Stock Strat Swin Thorn Wal War Wood Whit Wil Win York"""),
        _words("""ley ton ford field wood worth ham well bury by stead more land croft den wick
        dale ridge man brook gate hurst bourne shaw stone cliffe er ers ington combe over"""),
    ),
    Culture(
        "spanish",
        _words("""María Guadalupe Carmen Ana Lucía Sofía Isabel Rosa Gabriela Daniela Alejandra
        Patricia Verónica Elena Adriana Claudia Leticia Beatriz Paula Valentina Camila Mariana
        Teresa Silvia Juana Yolanda Esperanza Dolores Inés Raquel Marisol Ximena"""),
        _words("""José Juan Luis Carlos Jesús Miguel Francisco Antonio Jorge Alejandro Manuel Pedro
        Ricardo Fernando Eduardo Roberto Javier Rafael Sergio Daniel Diego Andrés Óscar Raúl Arturo
        Enrique Héctor Víctor Ignacio Guillermo Pablo Ramón"""),
        _words("""García Rodríguez Martínez Hernández López González Pérez Sánchez Ramírez Torres
        Flores Rivera Gómez Díaz Reyes Cruz Morales Ortiz Gutiérrez Chávez Ramos Ruiz Álvarez
        Mendoza Vásquez Castillo Jiménez Moreno Romero Herrera Medina Aguilar Garza Castro Vargas
        Fernández Guzmán Muñoz Méndez Salazar Soto Delgado Peña Ríos Núñez Ibáñez Villaseñor
        de_la_Cruz del_Río Espinoza Navarro Cárdenas Zúñiga Quiñones"""),
        _words("""Al Ar Bal Bar Cal Can Cas Cor Del Es Fuen Gal Guer Lar Mal Mon Oli Pal Par Quin
        Sal San Sol Tor Val Ver Vil Zam Zal"""),
        _words("""ado averde arez eda illo ino ero eja uela anza ares ona orio eros avente amontes
        ardo ales andía arra"""),
        joined_names=0.12,
        double_surnames=0.22,
    ),
    Culture(
        "german",
        _words("""Anna Maria Sabine Petra Monika Andrea Claudia Susanne Julia Katharina Ursula
        Birgit Stefanie Christine Martina Nicole Heike Lena Laura Lea Hannah Sophie Jana Ingrid
        Gisela Renate Johanna Franziska Antje Käthe Jördis Svenja Brigitte"""),
        _words("""Thomas Michael Andreas Peter Stefan Christian Wolfgang Klaus Jürgen Markus Frank
        Martin Matthias Uwe Daniel Florian Sebastian Tobias Jan Lukas Jonas Felix Paul Maximilian
        Alexander Dieter Günter Hans Heinrich Björn Jörg Götz Torsten"""),
        _words("""Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer
        Koch Bauer Richter Klein Wolf Schröder Neumann Schwarz Zimmermann Braun Krüger Hofmann
        Hartmann Lange Schmitt Werner Krause Meier Lehmann Köhler Maier Herrmann König Walter Mayer
        Huber Kaiser Fuchs Peters Lang Scholz Möller Weiß Jung Hahn Schubert Vogel Friedrich Keller
        Günther Frank Berger Winkler Roth Beck Lorenz Baumann Franke Albrecht Böhm Groß von_Berg
        Großmann Jäger Kühn"""),
        _words("""Acker Bach Berg Birk Brand Buch Eich Ell Feld Fried Gold Grün Hag Heid Hirsch
        Hof Holz Kirch Krug Lind Mühl Neu Ober Ost Rein Ritt Rosen Stein Thal Wald Wein Zell"""),
        _words("""mann er meier hauer bauer hofer huber ner ler müller berger bacher inger
        eder ke rich"""),
        joined_names=0.08,
        double_surnames=0.05,
    ),
    Culture(
        "french",
        _words("""Marie Nathalie Isabelle Sylvie Catherine Françoise Camille Léa Chloé Manon Julie
        Céline Sandrine Sophie Émilie Valérie Monique Hélène Aurélie Élodie Charlotte Claire Anaïs
        Inès Brigitte Mathilde Pauline Margaux Noémie Zoé"""),
        _words("""Jean Pierre Michel Philippe Nicolas Thomas Julien Alexandre François Laurent
        Christophe Éric Patrick David Olivier Antoine Guillaume Maxime Lucas Hugo Louis Théo
        Mathieu Sébastien Gérard André René Benoît Jérôme Étienne"""),
        _words("""Martin Bernard Dubois Thomas Robert Richard Petit Durand Leroy Moreau Simon
        Laurent Lefebvre Michel Garcia David Bertrand Roux Vincent Fournier Morel Girard André
        Lefèvre Mercier Dupont Lambert Bonnet François Martinez Legrand Garnier Faure Rousseau
        Blanc Guérin Muller Henry Roussel Perrin Morin Mathieu Clément Gauthier Dumont Lopez
        Fontaine Chevalier Robin Masson Noël Gérard d'Arcy L'Hermitte Hébert Bélanger Tremblay
        Gagnon Bouchard Côté"""),
        _words("""Bar Bel Bon Boul Cha Char Cor Du Fer Gau Gir Hau La Le Mar Mas Mon Pel Per Pon
        Ren Ros Sau Tou Val Ver Vil"""),
        _words("""bert beau chet court dier doux ge gnier leau let lin mont nard neau nier rault
        reau rier sard sson tier ton vin zet"""),
        joined_names=0.1,
        double_surnames=0.06,
    ),
    Culture(
        "italian",
        _words("""Maria Anna Giulia Francesca Chiara Sara Laura Valentina Alessandra Silvia Elena
        Paola Giovanna Federica Martina Angela Roberta Simona Lucia Caterina Rosa Antonella"""),
        _words("""Giuseppe Marco Antonio Andrea Francesco Giovanni Alessandro Luca Roberto Stefano
        Mario Matteo Paolo Salvatore Vincenzo Davide Lorenzo Riccardo Angelo Niccolò Domenico"""),
        _words("""Rossi Russo Ferrari Esposito Bianchi Romano Colombo Ricci Marino Greco Bruno
        Gallo Conti DeLuca Mancini Costa Giordano Rizzo Lombardi Moretti Barbieri Fontana Santoro
        Mariani Rinaldi Caruso Ferrara Galli Martini Leone D'Angelo D'Amico Di_Stefano"""),
        _words("""Bal Bar Bel Ber Cal Can Cap Car Fer Gal Gar Mal Man Mar Mon Pal Pel Per Sal San
        Tor Val Ven Zan"""),
        _words("""doni elli esi etti ini oli oni otti ucci uzzi ello ano asso ardi ato"""),
    ),
    Culture(
        "polish",
        _words("""Anna Maria Katarzyna Małgorzata Agnieszka Barbara Ewa Krystyna Elżbieta Magdalena
        Joanna Aleksandra Monika Zofia Teresa Danuta Natalia Karolina Marta Beata Łucja Grażyna"""),
        _words("""Piotr Krzysztof Andrzej Tomasz Paweł Michał Marcin Jan Jakub Adam Łukasz Marek
        Grzegorz Mateusz Wojciech Mariusz Dariusz Maciej Zbigniew Stanisław Rafał Sławomir"""),
        _words("""Nowak Kowalski Wiśniewski Wójcik Kowalczyk Kamiński Lewandowski Zieliński
        Szymański Woźniak Dąbrowski Kozłowski Jankowski Mazur Kwiatkowski Krawczyk Kaczmarek
        Piotrowski Grabowski Zając Pawłowski Michalski Król Wieczorek Jabłoński Wróbel Nowakowski
        Majewski Olszewski Stępień Malinowski Jaworski Adamczyk Dudek"""),
        _words("""Bar Biel Bor Brzez Cich Czar Dob Gor Jas Kal Kam Kos Kras Lip Łag Mal Mor Ost
        Pol Rad Rog Sok Star Tar Wit Wol Zab Zal Żur"""),
        _words("""owski ewski iński czyk czak ak ek icki ecki ański"""),
    ),
    Culture(
        "turkish",
        _words("""Fatma Ayşe Emine Hatice Zeynep Elif Meryem Şerife Sultan Hanife Merve Büşra Esra
        Özlem Gülsüm Selin Derya Ebru Tuğba Çiğdem Gül"""),
        _words("""Mehmet Mustafa Ahmet Ali Hüseyin Hasan İbrahim Murat Emre Burak Yusuf Ömer Osman
        Fatih Serkan Cem Kemal Oğuz Barış Gökhan Volkan"""),
        _words("""Yılmaz Kaya Demir Çelik Şahin Yıldız Yıldırım Öztürk Aydın Özdemir Arslan Doğan
        Kılıç Aslan Çetin Kara Koç Kurt Özkan Şimşek Polat Korkmaz Erdoğan Güneş Aksoy Bulut"""),
        _words("""Ak Al Bay Demir Er Gök Gün Kara Kızıl Öz Sarı Taş Tekin Yavuz Yeşil"""),
        _words("""bulut can dağ demir er han kan kaya men oğlu soy su taş türk yol yürek"""),
    ),
    Culture(
        "indian",
        _words("""Priya Anjali Pooja Neha Sunita Kavita Deepa Lakshmi Anita Shreya Divya Meera Asha
        Rekha Swati Nisha Radha Aarti Ananya Padma Sneha Geeta Harpreet Simran"""),
        _words("""Rajesh Amit Sanjay Vijay Suresh Rahul Anil Arjun Ravi Sunil Deepak Manoj Vikram
        Rohit Ashok Krishna Karan Nikhil Aditya Harish Gurpreet Manpreet Venkatesh Srinivas"""),
        _words("""Patel Sharma Singh Kumar Gupta Shah Reddy Rao Mehta Nair Joshi Iyer Desai Verma
        Agarwal Kapoor Chopra Malhotra Mishra Das Khan Kaur Gill Dhillon Banerjee Mukherjee
        Chatterjee Pillai Menon Bhat Kulkarni Deshpande Naidu Chowdhury Srinivasan Venkataraman"""),
        _words("""Bal Chandra Deva Gopala Hari Jaya Krishna Maha Naga Rama Sri Subra Vaidya Venkata
        Vishva"""),
        _words("""krishnan murthy nathan raman swamy rajan kar wala mani chand"""),
    ),
    Culture(
        "chinese",
        _words("""Wei Fang Na Xiuying Min Jing Li Yan Juan Xia Mei Ying Xin Yu Hui Ling Yun Jia
        Xiaoyan Meiling Yuting Shu-Fen Ka-Yan"""),
        _words("""Wei Jun Yong Jie Lei Qiang Ming Hao Tao Chao Feng Bin Peng Gang Bo Kai Xiang
        Zhiqiang Jianguo Wing-Kit Chi-Ming Zhihao"""),
        _words("""Wang Li Zhang Liu Chen Yang Huang Zhao Wu Zhou Xu Sun Ma Zhu Hu Guo He Lin Gao
        Luo Zheng Liang Xie Tang Song Deng Han Feng Cao Peng Xiao Cheng Cai Pan Yuan Dong Yu Su Ye
        Lu Wei Jiang Tian Du Ding Shen Wong Chan Lam Cheung Ng Leung Ho Chow Lau Kwok"""),
    ),
    Culture(
        "arabic",
        _words("""Fatima Aisha Maryam Zainab Layla Noor Khadija Amina Yasmin Salma Hana Rania Samira
        Nadia Huda Leila Amal Iman Soraya Dalia"""),
        _words("""Mohammed Ahmed Ali Omar Hassan Ibrahim Khalid Yusuf Mahmoud Abdullah Hussein
        Mustafa Tariq Karim Samir Bilal Hamza Rashid Faisal Nabil Abdul-Rahman"""),
        _words("""Ahmed Ali Hassan Hussein Ibrahim Khan Mahmoud Abdullah Saleh Mansour Haddad Khalil
        Nasser Hamdan Youssef Aziz Farah Said Rahman Al-Masri Al-Sayed El-Amin Benali Bouzid
        Ben_Salah Chaoui Mansouri Al-Khatib"""),
        _words("""Abdel Ben Bou Al- El-"""),
        _words("""aziz hamid karim latif malik rahim salam jabbar ghani wahab kader hakim majid"""),
    ),
    Culture(
        "scandinavian",
        _words("""Anna Ingrid Kristin Anne Eva Astrid Sofie Maja Karin Liv Elin Solveig Sigrid Freja
        Linnéa Åsa Kirsten Hanne Mette Signe"""),
        _words("""Lars Erik Anders Johan Magnus Ole Nils Karl Per Bjørn Sven Henrik Mikkel Søren
        Jens Fredrik Gustav Håkon Leif Torbjörn"""),
        _words("""Hansen Johansson Andersson Nilsen Olsen Larsen Pedersen Kristiansen Jensen
        Karlsson Nilsson Eriksson Berg Haugen Hagen Svensson Gustafsson Sørensen Rasmussen Jørgensen
        Lindberg Lindström Bergström Sjöberg Østergaard Nygård"""),
        _words("""Berg Björk Dal Ek Fors Hag Hed Holm Lind Lund Ny Ny Sand Sjö Strand Sund Söder
        Wester Ost Grön"""),
        _words("""berg gren holm kvist lund man qvist ström strand vall dahl gaard sen son"""),
    ),
)

CULTURE_WEIGHTS = {
    "US": (58, 19, 4, 2, 4, 3, 0.3, 3.5, 4, 1.2, 1.5),
    "CA": (55, 3, 4, 18, 4, 3, 0.5, 6, 5, 2, 1),
    "GB": (76, 1.5, 1, 1.5, 1.5, 4, 0.8, 8, 2, 3.5, 0.5),
    "DE": (2, 1.5, 74, 1.5, 2.5, 6, 7, 0.7, 0.7, 3, 1),
    "FR": (1.5, 4, 2.5, 74, 3, 2, 1, 0.6, 1.2, 10, 0.3),
}

# What people are really called; one name may have several short forms and one form several names.
NICKNAMES = {
    "Abigail": "Abby Gail", "Alejandra": "Ale", "Alejandro": "Alex Ale", "Aleksandra": "Ola",
    "Alexander": "Alex Xander Sasha", "Alexandra": "Alex Lexi Sandra", "Alexandre": "Alex",
    "Amanda": "Mandy", "Andreas": "Andi", "Andrew": "Andy Drew", "Anthony": "Tony",
    "Antonio": "Toño Tony", "Arthur": "Art", "Barbara": "Barb Babs", "Benjamin": "Ben Benny",
    "Bethany": "Beth", "Catherine": "Cathy Kate Cat", "Charles": "Charlie Chuck",
    "Charlotte": "Charlie Lottie", "Christine": "Chris Tina", "Christopher": "Chris Kit",
    "Christophe": "Chris", "Daniel": "Dan Danny", "Danielle": "Dani", "David": "Dave",
    "Deborah": "Deb Debbie", "Donald": "Don", "Dorothy": "Dot Dottie", "Douglas": "Doug",
    "Eduardo": "Lalo Edu", "Edward": "Ed Eddie Ted", "Eleanor": "Ellie Nell",
    "Elizabeth": "Liz Beth Lizzie Betty Eliza", "Elżbieta": "Ela", "Emily": "Em",
    "Enrique": "Quique", "Fernando": "Nando", "Francesca": "Franca", "Frances": "Fran",
    "Francisco": "Paco Pancho Fran", "Franziska": "Franzi", "Frederick": "Fred Freddie",
    "Gabriela": "Gaby", "Gerald": "Gerry", "Giovanni": "Gianni", "Giuseppe": "Beppe Peppe",
    "Gregory": "Greg", "Guadalupe": "Lupe", "Guillermo": "Memo", "Guillaume": "Guigui",
    "Gurpreet": "Gary", "Harriet": "Hattie", "Henry": "Hank Harry", "Isabel": "Isa Chabela",
    "Jacob": "Jake", "James": "Jim Jimmy Jamie", "Jeffrey": "Jeff", "Jennifer": "Jen Jenny",
    "Jessica": "Jess", "Jesús": "Chuy", "Johanna": "Hanna Jo", "John": "Jack Johnny",
    "Jonathan": "Jon Jonny", "Joseph": "Joe Joey", "Joshua": "Josh", "José": "Pepe Joe",
    "Joanna": "Asia", "Judith": "Judy", "Jürgen": "Jogi", "Katarzyna": "Kasia",
    "Katharina": "Kathi Käthe", "Katherine": "Kate Kathy Katie Kat", "Kenneth": "Ken Kenny",
    "Kimberly": "Kim", "Krishna": "Kris", "Krzysztof": "Krzysiek", "Lawrence": "Larry",
    "Leticia": "Lety", "Luis": "Lucho", "Madison": "Maddie", "Magdalena": "Magda",
    "Mahmoud": "Mo", "Małgorzata": "Gosia", "Manuel": "Manolo Manny", "Marcin": "Marc",
    "Margaret": "Maggie Peg Meg Peggy", "María": "Mari Maria", "Matthew": "Matt",
    "Matthias": "Matze", "Maximilian": "Max", "Megan": "Meg", "Melissa": "Missy Mel",
    "Michael": "Mike Mick Micha", "Michelle": "Shelly", "Miguel": "Mike", "Mohammed": "Mo Mohamed",
    "Nancy": "Nan", "Natalie": "Nat", "Nathan": "Nate", "Nicholas": "Nick Nico", "Nicole": "Nikki",
    "Olivia": "Liv", "Oliver": "Ollie", "Pamela": "Pam", "Patricia": "Pat Patty Tricia Trish",
    "Patrick": "Pat Paddy", "Paweł": "Paul", "Philip": "Phil", "Philippe": "Phil",
    "Rachel": "Rach", "Rafael": "Rafa", "Rajesh": "Raj", "Raymond": "Ray", "Rebecca": "Becky Becca",
    "Ricardo": "Rick Richie", "Richard": "Rick Rich Dick Richie", "Robert": "Bob Rob Bobby Bert",
    "Roberto": "Beto", "Ronald": "Ron", "Rosa": "Rosie", "Russell": "Russ", "Salvatore": "Totò Sal",
    "Samantha": "Sam", "Samuel": "Sam Sammy", "Sandra": "Sandy", "Sarah": "Sally Sadie",
    "Sebastian": "Basti Seb", "Sophie": "Soph", "Srinivas": "Srini", "Stefanie": "Steffi",
    "Stephanie": "Steph", "Stephen": "Steve", "Steven": "Steve", "Susan": "Sue Susie",
    "Sébastien": "Seb", "Teresa": "Tere", "Theodore": "Ted Theo", "Theresa": "Terry Tess",
    "Thomas": "Tom Tommy", "Timothy": "Tim", "Tobias": "Tobi", "Venkatesh": "Venky Venkat",
    "Victoria": "Vicky Tori", "Vincenzo": "Enzo", "Virginia": "Ginny", "Walter": "Walt",
    "William": "Bill Will Billy Liam", "Wolfgang": "Wolfi", "Xiaoyan": "Joanna", "Yusuf": "Joe",
    "Zachary": "Zach", "Zhiqiang": "Jason", "Ming": "Michael", "Mei": "May",
    "Agnieszka": "Aga", "Jakub": "Kuba", "Stanisław": "Staszek Stan",
    "Tomasz": "Tomek", "Mehmet": "Memo", "Mustafa": "Musti",
    "İbrahim": "Ibo", "Ahmet": "Ahmed", "Dolores": "Lola", "Ignacio": "Nacho",
}


def first_names(rng: np.random.Generator, culture: np.ndarray, female: np.ndarray) -> pl.Series:
    """A first name for each person, by culture (position in CULTURES) and gender."""
    count = len(culture)
    names = np.full(count, "", dtype=object)
    for place, tradition in enumerate(CULTURES):
        for is_female in (True, False):
            rows = np.flatnonzero((culture == place) & (female == is_female))
            listed = tradition.female if is_female else tradition.male
            table = np.array(listed, dtype=object)
            weights = zipf(len(table), shift=5)
            names[rows] = table[index(rng, len(rows), weights)]
            second = rows[coin(rng, len(rows), tradition.joined_names)]
            joiner = " " if tradition.key == "spanish" else "-"
            names[second] = names[second] + joiner + table[index(rng, len(second), weights)]
    return pl.Series(names.tolist(), dtype=pl.String)


def surnames(rng: np.random.Generator, culture: np.ndarray) -> pl.Series:
    count = len(culture)
    names = np.full(count, "", dtype=object)
    for place, tradition in enumerate(CULTURES):
        rows = np.flatnonzero(culture == place)
        table = tradition.all_surnames.str.replace_all("_", " ").to_numpy()
        names[rows] = table[index(rng, len(rows), tradition.surname_weights)]
        second = rows[coin(rng, len(rows), tradition.double_surnames)]
        joiner = " " if tradition.key == "spanish" else "-"
        names[second] = names[second] + joiner + table[
            index(rng, len(second), tradition.surname_weights)
        ]
    return pl.Series(names.tolist(), dtype=pl.String)


def nicknames(rng: np.random.Generator, first: pl.Series) -> pl.Series:
    """What a person is called by friends, null where the name has no short form."""
    draws = rng.random(len(first))
    known = pl.DataFrame(
        {"first": list(NICKNAMES), "short": [text.split() for text in NICKNAMES.values()]}
    )
    return (
        pl.DataFrame({"first": first, "draw": draws})
        .join(known, on="first", how="left", maintain_order="left")
        .select(
            pl.col("short").list.get(
                (pl.col("draw") * pl.col("short").list.len()).floor().cast(pl.Int64)
            )
        )
        .to_series()
    )


_SPECIAL = str.maketrans(
    {"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "ı": "i", "ß": "ss", "đ": "d", "æ": "ae", "Æ": "Ae"}
)


def without_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.translate(_SPECIAL))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def per_value(column: pl.Series, change) -> pl.Series:
    """Apply a plain function once to each distinct value of a text column."""
    distinct = column.drop_nulls().unique(maintain_order=True)
    table = pl.DataFrame(
        {"old": distinct, "new": pl.Series([change(text) for text in distinct], dtype=pl.String)}
    )
    return (
        column.to_frame("old")
        .join(table, on="old", how="left", maintain_order="left")
        .get_column("new")
    )
