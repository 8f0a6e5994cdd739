"""Multivariate drift of a window: its rows sampled and told from the reference's, and the verdict kept."""

from __future__ import annotations

from collections.abc import Callable

from flows.monitor import quietly
from flows.sampling import Sample, sampled
from flows.source import Source
from monitors import multivariate
from monitors.config import ModelConfig
from monitors.errors import NotComputable
from monitors.ledger import Ledger
from monitors.window import Window

SEED = 20_260_105


def look_together(
    config: ModelConfig,
    window: Window,
    source: Source,
    ledger: Ledger,
    told: Callable[[str], None] = quietly,
    seed: int = SEED,
) -> None:
    """Leave in the ledger whether a window's columns move together as in the reference.

    Rows are drawn by the engine, at most `multivariate.rows` a side, and forgotten here. The
    window's next audit carries the finding.
    """
    from flows.domain_classifier import told_apart  # leads to scikit-learn, which takes seconds

    period = config.reference_window(window)

    def drawn(span: Window) -> Sample:
        told(
            f"drawing at most {config.multivariate.rows:,} rows of {span.start:%d %b} to {span.end:%d %b %Y}"
        )
        return sampled(source.table(), config, span, config.multivariate.rows, seed=seed, where=source.name)

    try:
        reference, current = drawn(period), drawn(window)
        told("telling them apart")
        found = multivariate.findings(config, told_apart(reference, current, seed=seed))
    except NotComputable as error:
        found = multivariate.untold(config, str(error))
    multivariate.keep(ledger, config, window, found)
