"""What Alembic runs for each upgrade: the steps, over the connection it was handed."""

from __future__ import annotations

from alembic import context

from monitors.migrations import TABLE

if __name__ == "env_py":  # what Alembic calls this file when it runs it
    context.configure(connection=context.config.attributes["connection"], version_table=TABLE)
    context.run_migrations()
