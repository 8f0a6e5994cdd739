"""Shares of groups as people may see them: none from which 1 to 10 people could be told to within ten."""

from __future__ import annotations

from collections.abc import Mapping

from monitors.told import small


def shown(n: Mapping[str, int], k: Mapping[str, int]) -> dict[str, float | None]:
    """By group, the share k of n to two digits, or None.

    A group is withheld when it holds 1 to 10 people, or when 1 to 10 of it are meant, or all but 1 to
    10. As the whole is told too, others are withheld with it until what is left over leaves at least
    ten possible values for each hidden count. Where the whole is itself such a count nothing is told.

    >>> shown({"a": 500, "b": 400, "c": 60}, {"a": 50, "b": 30, "c": 4})
    {'a': 0.1, 'b': None, 'c': None}
    >>> shown({"a": 500, "b": 400}, {"a": 3, "b": 0})
    {'a': None, 'b': None}
    """
    if small(sum(k.values())) or small(sum(n.values()) - sum(k.values())):
        return dict.fromkeys(n)
    hidden = {g for g in n if small(n[g]) or small(k[g]) or small(n[g] - k[g])}
    others = sorted((g for g in n if g not in hidden), key=lambda g: (n[g], g))
    while others and not _open(n, k, hidden):
        hidden.add(others.pop(0))
    return {g: None if g in hidden or not n[g] else round(k[g] / n[g], 2) for g in n}


def _open(n: Mapping[str, int], k: Mapping[str, int], hidden: set[str]) -> bool:
    """Whether the sums that follow by subtraction leave each hidden count open.

    With at least eleven people hidden, eleven of them meant and eleven not, every count among them
    could be ten others. One group alone is its own sum.
    """
    people = sum(n[g] for g in hidden)
    meant = sum(k[g] for g in hidden)
    few = any(small(n[g]) for g in hidden)
    return not (small(people) or small(meant) or small(people - meant)) and (len(hidden) != 1 or not few)
