"""What comes in: the exports of every system, their contracts, and how their files are read.

Plain Python over DuckDB and pyarrow; no orchestration, and nothing derived from the data. A module
beside this one that has `CONTRACTS` is a system, found by its presence.
"""

import importlib
import pkgutil
from functools import cache

from connectors.contract import Column, Contract, Finding, Variant

__all__ = ["Column", "Contract", "Finding", "Variant", "contract", "contracts"]


@cache
def contracts() -> tuple[Contract, ...]:
    """Every contract of every system module in this package, sorted by name."""
    modules = (
        importlib.import_module(f"{__name__}.{module.name}")
        for module in pkgutil.iter_modules(__path__)
    )
    found = [one for module in modules for one in getattr(module, "CONTRACTS", ())]
    return tuple(sorted(found, key=lambda one: one.name))


def contract(name: str) -> Contract:
    """The contract named `<system>__<export>`; KeyError if there is none."""
    for one in contracts():
        if one.name == name:
            return one
    raise KeyError(name)
