"""How good predicted masses are: statistics, the published table, M_SZ, figures."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from szfast.evaluation.line_fit import fit_line as fit_line
    from szfast.evaluation.line_fit import fit_ratio as fit_ratio
    from szfast.evaluation.map_mass import map_sz_mass as map_sz_mass
    from szfast.evaluation.mass_pairs import MassPairs as MassPairs
    from szfast.evaluation.mass_pairs import read_mass_pairs as read_mass_pairs
    from szfast.evaluation.mass_pairs import run_columns as run_columns
    from szfast.evaluation.mass_pairs import run_pairs as run_pairs
    from szfast.evaluation.other_clusters import evaluate_on as evaluate_on
    from szfast.evaluation.published_table import Table1 as Table1
    from szfast.evaluation.published_table import table1 as table1
    from szfast.evaluation.relation import expected_compton_y as expected_compton_y
    from szfast.evaluation.relation import sz_mass as sz_mass
    from szfast.evaluation.relation import theta_500 as theta_500
    from szfast.evaluation.simulated_sz import add_sz_masses as add_sz_masses

_HOME = {
    "add_sz_masses": "simulated_sz",
    "MassPairs": "mass_pairs",
    "Table1": "published_table",
    "evaluate_on": "other_clusters",
    "expected_compton_y": "relation",
    "fit_line": "line_fit",
    "fit_ratio": "line_fit",
    "map_sz_mass": "map_mass",
    "read_mass_pairs": "mass_pairs",
    "run_columns": "mass_pairs",
    "run_pairs": "mass_pairs",
    "sz_mass": "relation",
    "table1": "published_table",
    "theta_500": "relation",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'szfast.evaluation' has no attribute '{name}'")
    return getattr(importlib.import_module(f"szfast.evaluation.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
