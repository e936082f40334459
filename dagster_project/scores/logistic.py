"""Ridge logistic regression by Newton's method: a few lines that give the same digits on any machine.

Sums are taken row by row rather than by a linear-algebra library, whose order depends on its threads.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

STEPS = 50
SETTLED = 1e-8


@dataclass(frozen=True)
class Logistic:
    """Weights of standardised features, in the order in which the features came."""

    intercept: float
    weights: np.ndarray
    means: np.ndarray
    spreads: np.ndarray

    def chances(self, features: np.ndarray) -> np.ndarray:
        """Rows × features -> the chance of each row."""
        total = np.full(len(features), self.intercept)
        for column, (weight, mean, spread) in enumerate(
            zip(self.weights, self.means, self.spreads, strict=True)
        ):
            total += weight * (features[:, column] - mean) / spread
        return expit(total)


def fit(features: np.ndarray, happened: np.ndarray, *, ridge: float = 1.0) -> Logistic:
    """Rows × features and what happened (0 or 1). A feature that never varies gets no weight."""
    means, spreads = features.mean(axis=0), features.std(axis=0)
    spreads = np.where(spreads > 1e-12, spreads, 1.0)
    rows = np.column_stack([np.ones(len(features)), (features - means) / spreads])
    penalty = np.full(rows.shape[1], float(ridge))
    penalty[0] = 0
    weights = np.zeros(rows.shape[1])
    share = float(np.clip(happened.mean(), 1e-9, 1 - 1e-9))
    weights[0] = np.log(share / (1 - share))
    for _ in range(STEPS):
        chance = expit(np.einsum("ij,j->i", rows, weights))
        slope = np.einsum("ij,i->j", rows, happened - chance) - penalty * weights
        spread = chance * (1 - chance)
        bend = np.einsum("ij,ik->jk", rows * spread[:, None], rows)
        bend[np.diag_indices_from(bend)] += penalty + 1e-9
        step = np.linalg.solve(bend, slope)
        weights = weights + step
        if np.abs(step).max() < SETTLED:
            break
    return Logistic(float(weights[0]), weights[1:], means, spreads)
