"""YAML as plain values: no tag makes an object, and no alias makes a short text a long one."""

from __future__ import annotations

from typing import Any

import yaml

MOST = 1_000_000  # characters written out, beyond what the text itself has


class Multiplied(yaml.YAMLError):
    """Aliases of aliases: ten lines would be a thousand million values once somebody writes them out."""

    problem = "its aliases (*name) repeat too much, or each other; write it out"

    def __str__(self) -> str:
        """Like the errors of the loader."""
        return self.problem


def load(text: str, loader: Any = yaml.SafeLoader) -> Any:
    """The values of a text, by a loader that builds none but plain ones.

    Raises yaml.YAMLError, of which `Multiplied` is one, and RecursionError.

    >>> load("margin: &m 0.1")
    {'margin': 0.1}
    >>> load("a: &a [*a]")
    Traceback (most recent call last):
    monitors.plain_yaml.Multiplied: its aliases (*name) repeat too much, or each other; write it out
    """
    reading = loader(text)
    try:
        node = reading.get_single_node()
        if node is None:
            return None
        # Before anything is built: merged mappings (<<) are written out while they are.
        if "&" in text and _written_out(node, {}) > MOST + 4 * len(text):
            raise Multiplied
        return reading.construct_document(node)
    finally:
        reading.dispose()


def _written_out(node: yaml.Node, known: dict[int, int | None]) -> int:
    """Characters of a node with every alias in it written out; each node is looked at once."""
    if id(node) in known:
        found = known[id(node)]
        if found is None:
            raise Multiplied  # it holds itself
        return found
    known[id(node)] = None
    if isinstance(node, yaml.MappingNode):
        parts = [part for pair in node.value for part in pair]
    else:
        parts = node.value if isinstance(node, yaml.SequenceNode) else []
    own = len(node.value) if isinstance(node, yaml.ScalarNode) else 0
    found = known[id(node)] = 1 + own + sum(_written_out(part, known) for part in parts)
    return found
