"""Domain classifier: can a window's rows be told from the reference's? Where they can, data moved together.

The only importer of scikit-learn among flows; it takes a second to load, so it happens when used.
A classifier learns from half of the rows which side each is of; on the other half, which it has not
seen, its AUROC says how well the sides can be told apart (Lopez-Paz & Oquab 2017, ICLR). Swapping
the sides of the unseen rows gives exactly what chance gives that AUROC: .5 on average, whatever
the columns are. It sees what no column shows alone, such as two that no longer go together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from flows.sampling import Sample
from monitors.errors import NotComputable
from monitors.histogram import Floats
from monitors.multivariate import Told

LEVEL = 0.01
SWAPS = 2_000  # of the sides of unseen rows
FEWEST = 50  # rows a side
MOST_VALUES = 50  # of a category told apart; the rarer are one
SHUFFLES = 5  # of each column, for what it carries


def told_apart(reference: Sample, window: Sample, *, seed: int) -> Told:
    """Train on half of both sides, and tell the rest apart.

    Args:
        reference, window: the same columns of both sides.
        seed: of the halves, the classifier and the swaps; the same rows give the same answer.

    Raises:
        NotComputable: with fewer than 50 rows a side, or nothing to tell rows apart by.
    """
    sizes = [len(next(iter(side.values()), ())) for side in (reference, window)]
    if min(sizes) < FEWEST:
        raise NotComputable(f"{min(sizes)} rows on one side where {FEWEST} are needed")
    random = np.random.default_rng(seed)
    features, names, categorical = _features(reference, window)
    if not names:
        raise NotComputable("no column holds anything to tell rows apart by")
    side = np.repeat([0, 1], sizes)
    # Half of each side: which rows are unseen does not depend on what they hold.
    seen = np.concatenate([random.permutation(size) < size // 2 for size in sizes])
    model = _fitted(features[seen], side[seen], categorical, seed)
    unseen, truth = features[~seen], side[~seen]
    score = _score(model, unseen)
    auroc = float(_auroc(score, truth[None])[0])
    swapped = random.permuted(np.tile(truth, (SWAPS, 1)), axis=1)
    null = np.sort(_auroc(score, swapped))
    return Told(
        auroc,
        float(np.quantile(null, 1 - LEVEL, method="higher")),
        float(np.median(null)),
        float((np.sum(null >= auroc) + 1) / (SWAPS + 1)),
        sizes[1],
        sizes[0],
        _carried(model, unseen, truth, names, auroc, random),
    )


def _features(reference: Sample, window: Sample) -> tuple[Floats, list[str], list[bool]]:
    """Both sides as numbers; a category by its place among the most frequent of both, NaN missing."""
    kept, names, categorical = [], [], []
    for name in reference:
        held = [*reference[name], *window[name]]
        category = any(isinstance(value, str) for value in held)
        codes = _codes(held) if category else np.array(held, dtype=np.float64)
        codes = np.where(np.isfinite(codes), codes, np.nan)
        missing = np.isnan(codes)
        if missing.all() or (not missing.any() and np.ptp(codes) == 0):
            continue
        kept.append(codes)
        names.append(name)
        categorical.append(category)
    return np.column_stack(kept) if kept else np.zeros((0, 0)), names, categorical


def _codes(held: Sequence[str | None]) -> Floats:
    """Of a category: its place in the alphabet of the most frequent, the rarer as one."""
    frequent = Counter(value for value in held if value is not None).most_common(MOST_VALUES)
    place = {value: float(i) for i, value in enumerate(sorted(value for value, _ in frequent))}
    return np.array([np.nan if value is None else place.get(value, len(place)) for value in held])


def _fitted(features: Floats, side: NDArray[Any], categorical: list[bool], seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    model = HistGradientBoostingClassifier(
        max_iter=60,
        learning_rate=0.1,
        max_leaf_nodes=8,
        min_samples_leaf=10,
        l2_regularization=1.0,
        early_stopping=False,
        categorical_features=categorical,
        class_weight="balanced",
        random_state=seed,
    )
    # One thread: with more they wait for each other wherever an audit runs beside, thirty times as long.
    with threadpool_limits(limits=1, user_api="openmp"):
        return model.fit(features, side)


def _score(model: Any, features: Floats) -> Floats:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="openmp"):
        return np.asarray(model.predict_proba(features)[:, 1])


def _auroc(score: Floats, sides: NDArray[Any]) -> Floats:
    """Of one score and many labellings, shape (draws, rows); ties count half."""
    ranks = stats.rankdata(score)
    ones = sides.sum(axis=1)
    zeros = sides.shape[1] - ones
    return np.asarray((sides @ ranks - ones * (ones + 1) / 2) / (ones * zeros))


def _carried(
    model: Any,
    unseen: Floats,
    truth: NDArray[Any],
    names: list[str],
    auroc: float,
    random: np.random.Generator,
) -> dict[str, float]:
    """What the AUROC loses when one column is shuffled among the unseen rows (Breiman 2001), on average."""
    lost = {}
    for i, name in enumerate(names):
        fallen = []
        for _ in range(SHUFFLES):
            shuffled = unseen.copy()
            shuffled[:, i] = random.permutation(shuffled[:, i])
            fallen.append(auroc - float(_auroc(_score(model, shuffled), truth[None])[0]))
        lost[name] = float(np.mean(fallen))
    return lost
