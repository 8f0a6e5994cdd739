"""From what readiness tells of groups, no count of 1 to 10 people can be worked out to within ten."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from monitors.readiness.withheld import shown
from monitors.told import APART, small

SIZES = st.one_of(st.integers(0, 12), st.integers(11, 60), st.integers(200, 900))
GROUPS = st.lists(
    st.tuples(SIZES, st.floats(0, 1) | st.sampled_from([0.0, 0.01, 0.99, 1.0])), min_size=2, max_size=6
)


@given(GROUPS)
def test_a_small_count_could_always_be_ten_others(held: list[tuple[int, float]]) -> None:
    n = {f"g{i}": size for i, (size, _) in enumerate(held)}
    k = {f"g{i}": round(size * share) for i, (size, share) in enumerate(held)}
    told = shown(n, k)
    for group, share in told.items():
        assert share is None or not (small(n[group]) or small(k[group]) or small(n[group] - k[group]))
    if small(sum(k.values())) or small(sum(n.values()) - sum(k.values())):
        assert set(told.values()) <= {None}  # the whole is not told either
        return
    names = list(n)
    sizes = shown(n, dict.fromkeys(n, 0))
    known, values = [], []

    def knows(weights: dict[int, float], value: float) -> None:
        known.append([weights.get(i, 0.0) for i in range(2 * len(names))])
        values.append(value)

    # Unknown of each group: how many of it are meant (2 i), and how many are not (2 i + 1). A reader
    # knows both totals, the sizes that are told, and the shares that are told, here to the last digit.
    knows({2 * i: 1.0 for i in range(len(names))}, sum(k.values()))
    knows({2 * i + 1: 1.0 for i in range(len(names))}, sum(n.values()) - sum(k.values()))
    for i, g in enumerate(names):
        if sizes[g] is not None or not n[g]:
            knows({2 * i: 1.0, 2 * i + 1: 1.0}, n[g])
        if told[g] is not None:
            share = k[g] / n[g]
            knows({2 * i: 1 - share, 2 * i + 1: -share}, 0.0)
    for i, g in enumerate(names):
        for place, count in ((2 * i, k[g]), (2 * i + 1, n[g] - k[g])):
            if small(count):
                costs = [float(j == place) for j in range(2 * len(names))]
                ends = []
                for way in (1, -1):
                    found = linprog([way * c for c in costs], A_eq=known, b_eq=values, bounds=(0, None))
                    assert found.status == 0
                    ends.append(way * found.fun)
                assert ends[1] - ends[0] >= APART - 1e-6, (n, k, told, sizes, g)
