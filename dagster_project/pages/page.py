"""One HTML page that needs nothing but itself: no request, no script, everything escaped.

Here belongs how a page looks. What it says comes as sections (sentences.py) and pictures.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from dagster_project.pages.sentences import Section

STYLE = """
:root { color-scheme: light }
body { font: 16px/1.5 sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a }
h1 { font-size: 1.3rem } h2 { font-size: 1.05rem; margin-top: 2rem }
h1, li { overflow-wrap: anywhere }
ul { padding-left: 1.2rem } svg { max-width: 100%; height: auto }
.wide { overflow-x: auto } table { border-collapse: collapse; font-size: .8rem }
th, td { text-align: left; vertical-align: top; padding: .2rem .5rem; border-bottom: 1px solid #ddd }
"""


def page(sections: Iterable[Section], *, pictures: dict[str, str] | None = None) -> str:
    """A page titled as its first section. `pictures` are SVG or tables, by the title of
    their section; what is in them is escaped already."""
    first, *rest = sections
    body = "\n".join(
        f"<{level}>{text(section.title)}</{level}>\n{(pictures or {}).get(section.title, '')}\n<ul>\n"
        + "".join(f"<li>{text(line)}</li>\n" for line in section.lines)
        + "</ul>"
        for level, section in (("h1", first), *(("h2", section) for section in rest))
    )
    return document(first.title, body, style=STYLE)


def document(title: str, body: str, *, style: str) -> str:
    """A whole page around a body in which everything is escaped already."""
    # the policy holds whatever a line may say: nothing is fetched and nothing is run
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{text(title)}</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


def text(value: object) -> str:
    """Escaped for HTML; what cannot be seen, or turns the direction of writing, shows its number."""
    return escape("".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in str(value)))
