"""A .sql file becomes a frozen SqlModel: key, description, grain, dependencies, checks.

Path is identity: sql/golden/profiles.sql is the table golden.profiles. The dependencies are the
qualified tables that sqlglot finds. A segment may be a .yaml file of conditions instead, which is the
SQL that conditions.py makes of it. Nothing here runs SQL or knows Dagster.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.lineage import lineage

from dagster_project.lake import fingerprint
from dagster_project.segments.conditions import ConditionsError, compile_conditions
from dagster_project.segments.guards import PURPOSES, Guards, parse_guards

LAYERS = ("raw", "staging", "standard", "identity", "workings", "golden", "segments", "marts")
"""Left to right; a model reads its own layer and those to its left. Workings are the steps on the way to
golden tables, so those two read each other."""

SEGMENT_FIELDS = ("title", "owner", "description", "purpose", "guards")
MODEL_FIELDS = ("grain", "partition")

RESTRICTIONS = "golden.restrictions"
"""Whose data must not be used: who has the scope `all` there is in no segment, whatever its file says."""


class ModelError(Exception):
    """A model file breaks a rule; the message names the file, the rule and the remedy."""


@dataclass(frozen=True)
class SqlCheck:
    """A query that returns what is wrong with a model; no row means that the claim holds."""

    claim: str
    path: Path
    sql: str
    dependencies: frozenset[str]
    blocking: bool


@dataclass(frozen=True)
class SqlModel:
    """One SELECT of one file. `partition` names the column by which the model can be made in parts:
    all rows with one value of it come from input rows with that same value."""

    layer: str
    name: str
    path: Path
    sql: str
    description: str
    grain: tuple[str, ...]
    partition: str | None
    dependencies: frozenset[str]
    checks: tuple[SqlCheck, ...]
    fields: dict[str, str] = field(default_factory=dict)
    guards: Guards = Guards()

    @property
    def table(self) -> str:
        return f"{self.layer}.{self.name}"

    @property
    def reads(self) -> frozenset[str]:
        """Every table that must be there before this one can be made and checked."""
        needed = self.dependencies.union(*(check.dependencies for check in self.checks))
        return needed - {self.table}

    @property
    def query(self) -> str:
        """What is run: the SQL of the file, and of a segment less those whose data must not be used."""
        if self.layer != "segments":
            return self.sql
        restricted = f"select profile_id from {RESTRICTIONS} where scope = 'all'"
        return f"select * from (\n{self.sql}\n) as named anti join ({restricted}) using (profile_id)"

    @property
    def order(self) -> tuple[str, ...]:
        """The columns a table is sorted by: its partition first, then its key."""
        lead = (self.partition,) if self.partition else ()
        return (*lead, *(column for column in self.grain if column != self.partition))

    @cached_property
    def code(self) -> str:
        """Changes when the query or one of its checks does; comments and white space do not count."""
        tokens = sqlglot.tokenize(self.sql, dialect="duckdb")
        return fingerprint(
            [(token.token_type.name, token.text) for token in tokens],
            self.grain,
            self.partition,
            [(check.claim, check.sql) for check in self.checks],
        )


def load_models(root: Path) -> dict[str, SqlModel]:
    """Every model below `root`, by table name. Raises ModelError for the first broken rule."""
    models: dict[str, SqlModel] = {}
    for layer in LAYERS:
        endings = ("*.sql", "*.yaml") if layer == "segments" else ("*.sql",)
        for path in sorted(path for ending in endings for path in (root / layer).glob(ending)):
            if path.name.count(".") == 1:
                model = load_model(path)
                if model.table in models:
                    other = models[model.table].path.name
                    raise ModelError(f"{path}: {other} is the same segment; keep one of the two")
                models[model.table] = model
    return models


@cache
def load_model(path: Path, *, folder: Path | None = None) -> SqlModel:
    """The model of one file; `folder` is where it will lie, if that is not where it lies now."""
    folder = folder or path.parent
    layer, name = folder.name, path.stem
    sql = _text(path, folder)
    is_segment = layer == "segments"
    description, fields = _header(path, sql, SEGMENT_FIELDS if is_segment else MODEL_FIELDS)
    if is_segment:
        description = fields.get("description", "")
        guards = _segment_fields(path, fields)
    grain = ("profile_id",) if is_segment else _names(fields.get("grain", ""))
    if not grain:
        raise ModelError(f"{path}: add a line '-- grain: <key columns>' to its header")
    if not description:
        raise ModelError(f"{path}: begin with a comment that says 'One row per …'")
    return SqlModel(
        layer=layer,
        name=name,
        path=path,
        sql=sql,
        description=description,
        grain=grain,
        partition=fields.get("partition"),
        dependencies=tables_in(path, sql, layer)[0] | ({RESTRICTIONS} if is_segment else set()),
        checks=_checks(path, layer),
        fields=fields,
        guards=guards if is_segment else Guards(),
    )


def _text(path: Path, folder: Path) -> str:
    """The model's SQL, as it is written or as its conditions say."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".yaml":
        try:
            return compile_conditions(text, segments=names_in(folder) - {path.stem})
        except ConditionsError as error:
            raise ModelError("\n".join(f"{path}: {problem}" for problem in error.problems)) from None
    return text.strip().rstrip(";")


def names_in(folder: Path) -> frozenset[str]:
    """The segments that have a file in the folder."""
    return frozenset(
        path.stem
        for path in folder.iterdir()
        if path.suffix in (".sql", ".yaml") and path.name.count(".") == 1
    )


def _segment_fields(path: Path, fields: dict[str, str]) -> Guards:
    """A segment's guards, when its header has what it needs and nothing that cannot be read."""
    wrong = [
        f"a segment needs the header field '{name}'; add a line '-- {name}: …'"
        for name in ("title", "owner", "description", "purpose")
        if not fields.get(name)
    ]
    if fields.get("purpose") and fields["purpose"] not in PURPOSES:
        wrong.append(f"the purpose '{fields['purpose']}' is none of {', '.join(PURPOSES)}")
    guards = Guards()
    try:
        guards = parse_guards(fields.get("guards", ""))
    except ValueError as error:
        wrong.append(str(error))
    if wrong:
        raise ModelError(f"{path}: {'; '.join(wrong)}")
    return guards


def _header(path: Path, sql: str, known: tuple[str, ...]) -> tuple[str, dict[str, str]]:
    """The leading comment lines, split into prose and the fields that this kind of file may have."""
    prose: list[str] = []
    fields: dict[str, str] = {}
    last = None
    for line in sql.splitlines():
        if not line.startswith("--"):
            break
        text = line[2:].strip()
        found = re.match(r"^([a-z_]+): *(.*)$", text)
        if found and found[1] in known:
            last = found[1]
            fields[last] = found[2]
        elif found and known is SEGMENT_FIELDS:
            raise ModelError(
                f"{path}: unknown header field '{found[1]}'; a segment knows {', '.join(known)}"
            )
        elif known is SEGMENT_FIELDS and last:
            fields[last] += " " + text
        else:
            prose.append(text)
    return " ".join(part for part in prose if part), fields


def _checks(path: Path, layer: str) -> tuple[SqlCheck, ...]:
    found = []
    for kind, blocking in (("check", True), ("warn", False)):
        for beside in sorted(path.parent.glob(f"{path.stem}.*.{kind}.sql")):
            sql = beside.read_text(encoding="utf-8").strip().rstrip(";")
            found.append(
                SqlCheck(
                    claim=beside.name.split(".")[1],
                    path=beside,
                    sql=sql,
                    dependencies=tables_in(beside, sql, layer)[0],
                    blocking=blocking,
                )
            )
    return tuple(found)


@cache
def _parsed(sql: str) -> list:
    return sqlglot.parse(sql, dialect="duckdb")


def tables_in(path: Path, sql: str, layer: str) -> tuple[frozenset[str], list[str]]:
    """The qualified tables a query reads, each of this layer or one to its left, and its columns."""
    try:
        statements = _parsed(sql)
    except sqlglot.errors.ParseError as error:
        raise ModelError(f"{path}: this is not valid SQL: {str(error).splitlines()[0]}") from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise ModelError(f"{path}: a model is exactly one SELECT")
    tree = statements[0]
    reach = (layer, "golden") if layer == "workings" else (layer,)
    commons = {cte.alias for cte in tree.find_all(exp.CTE)}
    found = set()
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            continue
        if not table.db:
            if table.name not in commons:
                raise ModelError(f"{path}: name the schema of the table '{table.name}'")
            continue
        if table.db not in LAYERS or LAYERS.index(table.db) > max(map(LAYERS.index, reach)):
            raise ModelError(f"{path}: {layer} may not read {table.db}.{table.name}")
        found.add(f"{table.db}.{table.name}")
    return frozenset(found), tree.named_selects


def column_lineage(model: SqlModel, schemas: dict[str, dict[str, str]]) -> dict[str, list[tuple]]:
    """Output column -> [(table, column) it comes from]; `schemas` are the inputs' columns."""
    nested: dict = {}
    for table, columns in schemas.items():
        layer, _, name = table.partition(".")
        nested.setdefault(layer, {})[name] = columns
    tree = sqlglot.parse_one(model.sql, dialect="duckdb")
    found = {}
    for column in tree.named_selects:
        try:
            node = lineage(column, model.sql, schema=nested, dialect="duckdb")
        except (sqlglot.errors.SqlglotError, ValueError):
            continue
        sources = set()
        for leaf in node.walk():
            table = leaf.source if isinstance(leaf.source, exp.Table) else leaf.expression
            if not leaf.downstream and isinstance(table, exp.Table) and table.db:
                sources.add((f"{table.db}.{table.name}", leaf.name.rpartition(".")[2]))
        found[column] = sorted(sources)
    return found


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
