"""Every table of the lake in the order in which it can be made, whether SQL or Python makes it.

The one place that knows which packages have tables. What a table is made of is its own matter.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from graphlib import CycleError, TopologicalSorter

import connectors
from dagster_project import dictionaries, gate, landing
from dagster_project.identity import companies, nightly_accuracy
from dagster_project.identity import tables as identity
from dagster_project.journeys import markov
from dagster_project.making import Table, make_model
from dagster_project.privacy import anonymity, index, requests, retention
from dagster_project.scores import lookalikes
from dagster_project.scores import tables as scores
from dagster_project.segments import bridges, membership
from dagster_project.settings import Settings
from dagster_project.sql_models import ModelError, load_models

STATE_TABLES = tuple(
    dict.fromkeys(
        (
            *landing.STATE_TABLES,
            *identity.STATE_TABLES,
            *companies.STATE,
            *nightly_accuracy.STATE_TABLES,
            *membership.STATE_TABLES,
            *bridges.STATE_TABLES,
            *requests.STATE_TABLES,
        )
    )
)


def load_catalog(settings: Settings) -> dict[str, Table]:
    """Tables by name, each after its inputs. Raises ModelError where an input is nobody's table."""
    models = load_models(settings.sql)
    made = [
        Table(
            model.table,
            model.description,
            model.grain,
            tuple(sorted(model.reads)),
            partial(make_model, model=model),
            model,
        )
        for model in models.values()
    ]
    python = [
        *landing.tables(),
        *dictionaries.tables(),
        *index.tables(),
        *identity.tables(),
        *companies.tables(),
        *nightly_accuracy.accuracy_tables(),
        *markov.tables(),
        *scores.tables(),
        *lookalikes.tables(),
        *membership.tables(models),
        *bridges.tables(),
        *requests.tables(),
    ]
    found = {table.name: table for table in (*python, *made)}
    found[anonymity.TABLE] = anonymity.table(found)
    raw = [name for name in found if name.startswith("raw.") and name != gate.DELIVERIES]
    found[gate.DELIVERIES] = gate.guarding(found[gate.DELIVERIES], raw)
    for contract in connectors.contracts():
        name = f"raw.{contract.name}"
        found[name] = retention.keeping(found[name])
    for name, table in found.items():
        if name.startswith("staging."):
            found[name] = replace(table, inputs=tuple(sorted({*table.inputs, gate.DELIVERIES})))
    for table in found.values():
        unknown = [name for name in table.inputs if name not in found]
        if unknown:
            raise ModelError(f"{table.name} reads {', '.join(unknown)}, which nothing makes")
    try:
        order = TopologicalSorter({n: sorted(t.inputs) for n, t in sorted(found.items())})
        return {name: found[name] for name in order.static_order()}
    except CycleError as error:
        raise ModelError(f"tables read each other in a circle: {' > '.join(error.args[1])}") from None
