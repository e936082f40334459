"""The models that docs/how-to-add.md shows, beside the project's own: they must load."""

import re
import shutil
import textwrap

import pytest

from dagster_project.settings import PROJECT
from dagster_project.sql_models import load_models

PAGE = (PROJECT / "docs" / "how-to-add.md").read_text(encoding="utf-8")
SHOWN = re.compile(r"`(sql/[\w./]+\.sql)`[^`]*?^ *```sql\n(.*?)^ *```", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """The project's models and, in their places, those of the page."""
    copy = tmp_path_factory.mktemp("project") / "sql"
    shutil.copytree(PROJECT / "sql", copy)
    for path, sql in SHOWN.findall(PAGE):
        target = copy.parent / path
        if not target.exists():
            target.write_text(textwrap.dedent(sql), encoding="utf-8")
    return load_models(copy)


@pytest.mark.parametrize(
    ("table", "reads"),
    [
        ("marts.product_sales", {"golden.order_lines"}),
        ("segments.web_only_customers", {"golden.orders", "golden.restrictions", "raw.as_of"}),
        ("staging.sendgrid__unsubscribes", {"raw.sendgrid__unsubscribes"}),
        ("staging.loyalty__members", {"raw.loyalty__members"}),
    ],
)
def test_the_model_on_the_page_is_one(models, table, reads):
    assert models[table].reads == reads


def test_the_check_on_the_page_is_the_model_s(models):
    (check,) = models["marts.product_sales"].checks
    assert (check.claim, check.blocking) == ("amounts_are_those_of_the_lines", True)


def test_the_page_s_table_links_to_sections_that_are_there():
    titles = re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
    anchors = {title.lower().replace(" ", "-") for title in titles}
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= anchors
