"""Whether the dashboards answer, for containers: `rounds healthcheck`."""

from __future__ import annotations

import sys

import click

from commands._options import FAILED


@click.command()
@click.option("--url", default="http://127.0.0.1:8321/healthz", show_default=True)
def healthcheck(url: str) -> None:
    """For containers: exit 0 when the dashboards answer."""
    import urllib.request

    if not url.startswith(("http://", "https://")):
        raise click.UsageError(f"--url must be http:// or https:// (got {url})")
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  checked above
            click.echo(f"{url}: {answer.status}")
    except OSError as error:
        click.echo(f"{url}: {error}", err=True)
        sys.exit(FAILED)
