"""Write the files that are generated and kept: the schema, its page, the metrics' page, the changelog."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from dashboards.report.model import schema as report_schema
from scripts import catalogue, changelog, configuration, grafana, measures
from scripts.grafana_boards import BOARDS
from scripts.schema import retention, schema

ROOT = Path(__file__).parents[1]
PAGES: dict[str, tuple[str, Callable[[], str]]] = {
    "schema": ("configs/schema.json", lambda: json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"),
    "retention-schema": (
        "configs/retention.schema.json",
        lambda: json.dumps(retention(), indent=2, ensure_ascii=False) + "\n",
    ),
    "report-schema": (
        "docs/report.schema.json",
        lambda: json.dumps(report_schema(), indent=2, ensure_ascii=False) + "\n",
    ),
    "configuration": ("docs/configuration.md", lambda: configuration.page(schema(), retention())),
    "metrics": ("docs/metrics.md", catalogue.page),
    "measures": ("dashboards/measures.json", measures.page),
    "changelog": ("CHANGELOG.md", lambda: changelog.page(ROOT / "changes")),
    **{
        f"grafana-{name}": (f"dashboards/grafana/{name}.json", partial(grafana.page, name)) for name in BOARDS
    },
}


def main(arguments: list[str] | None = None) -> int:
    """Write the named pages, or all; with `--check` only say which are out of date."""
    parser = argparse.ArgumentParser(description="Write what is generated and kept.")
    parser.add_argument("pages", nargs="*", choices=[*PAGES, []], metavar="PAGE")
    parser.add_argument("--check", action="store_true")
    chosen = parser.parse_args(arguments)
    stale = []
    for name in chosen.pages or PAGES:
        path, made = PAGES[name]
        text, file = made(), ROOT / path
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            stale.append(path)
            if not chosen.check:
                file.write_text(text, encoding="utf-8")
    for path in stale:
        print(f"{path} is out of date: run `make docs`" if chosen.check else f"wrote {path}")
    return 1 if stale and chosen.check else 0


if __name__ == "__main__":
    sys.exit(main())
