"""What the commands have in common on the screen: exit codes, refusals, progress, tables, safe text.

Here belong what every face of the platform in a terminal needs. What a command is called and takes is in
cli.py, or beside what it does.
"""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path

import click
import duckdb
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from dagster_project.lake import LakeError, LockedError
from dagster_project.publish import PublishError
from dagster_project.settings import SettingsError, load_settings

DONE, DATA_FAILED, USAGE, INTERNAL, RESOURCES, LOCKED = 0, 1, 2, 3, 4, 75

HOME = click.option("--home", type=click.Path(path_type=Path), help="What the pipeline owns.")
EXPORTS = click.option("--exports", type=click.Path(path_type=Path), help="Where exports land.")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")

_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def plain(text: object) -> object:
    """A text without the characters by which data could move a terminal's cursor, or turn its writing."""
    return _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text) if isinstance(text, str) else text


def say(text: str, *, err: bool = False) -> None:
    click.echo(plain(text), err=err)


class PlainConsole(Console):
    def print(self, *objects: object, **how: object) -> None:
        super().print(*map(plain, objects), **how)


class Grid(Table):
    def add_row(self, *cells: object, **how: object) -> None:
        super().add_row(*map(plain, cells), **how)


# Without a terminal nobody folds lines, so tables may be as wide as their cells need.
console = PlainConsole(highlight=False, width=None if sys.stdout.isatty() else 140)


class Refusal(click.ClickException):
    """An end that a person can read, with its exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(plain(message))
        self.exit_code = code


@contextmanager
def truthful_exits():
    """Known failures become a sentence and the right exit code, never a traceback."""
    try:
        yield
    except SettingsError as error:
        raise Refusal(str(error), USAGE) from None
    except LockedError as error:
        raise Refusal(str(error), LOCKED) from None
    except (LakeError, PublishError) as error:
        raise Refusal(str(error), DATA_FAILED) from None
    except duckdb.OutOfMemoryException:
        raise Refusal(
            "not enough memory or room to spill; raise memory_limit in cdp.toml or free disk space "
            "below the home, then run again: it goes on where it stopped",
            RESOURCES,
        ) from None
    except duckdb.IOException:
        raise Refusal("a database cannot be read or written; see cdp doctor", RESOURCES) from None
    except OSError as error:
        said = f"{error.strerror}: {error.filename}" if error.filename else str(error)
        raise Refusal(said, RESOURCES) from None
    except (click.ClickException, click.Abort, click.exceptions.Exit):
        raise
    except Exception as error:
        # Its message may hold values, so only the kind and the place are told.
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}, line {place.lineno}"
        raise Refusal(
            f"this should not happen: {type(error).__name__} in {where}. Please report it", INTERNAL
        ) from error


@contextmanager
def progress(total: int, *, quiet: bool):
    """A bar when a person watches, plain lines when not, nothing for programs."""
    if quiet:
        yield lambda step: None
    elif console.is_terminal:
        columns = (TextColumn("{task.description:<34}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
            task = bar.add_task("reading exports", total=total)
            yield lambda step: bar.update(task, advance=1, description=step.table)
    else:

        def line(step) -> None:
            if step.outcome != "unchanged":
                written = f"{step.rows_written:>12,} rows written"
                click.echo(f"{step.table:<36}{step.outcome:<8}{written}  {step.seconds:6.2f} s")

        yield line


def show_grid(title: str, columns: tuple[str, ...], rows: Iterable[tuple]) -> None:
    """Rows under their headings; numbers stand right."""
    rows = [tuple("" if cell is None else str(cell) for cell in row) for row in rows]
    if not rows:
        return
    grid = Grid(title=f"\n{title}" if title else None, title_justify="left", box=None, pad_edge=False)
    for number, column in enumerate(columns):
        figures = all(re.fullmatch(r"[-+]?[\d.,%]*", row[number]) for row in rows)
        grid.add_column(column, justify="right" if figures else "left", overflow="fold")
    for row in rows:
        grid.add_row(*row)
    console.print(grid)


def show_told(sections: Iterable, *, pictures: Mapping[str, list[str]] | None = None) -> None:
    """Titled lines; a picture of lines follows the section that it belongs to."""
    for section in sections:
        console.print(f"\n{section.title}", style="bold", markup=False, soft_wrap=True)
        picture = (pictures or {}).get(section.title, [])
        for line in (*section.lines, *(("", *picture) if picture else ())):
            console.print(f"  {line}", markup=False, soft_wrap=True)


@contextmanager
def open_published(home: Path | None):
    settings = load_settings(home=home)
    if not settings.database.exists():
        raise Refusal(f"nothing is published in {settings.home} yet; cdp run makes it", DATA_FAILED)
    con = duckdb.connect(str(settings.database.resolve()), read_only=True)
    try:
        yield con
    finally:
        con.close()
