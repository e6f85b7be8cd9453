"""Where a service's own `migrate` role begins, without what it takes: alembic is loaded when it is wanted.

A service that runs has no use for it, and it takes several megabytes of a process.
"""

import importlib


def upgrade(service: str, url: str) -> None:
    """Bring a service's database up to date; see `common.db.migrate.upgrade`."""
    importlib.import_module("common.db.migrate").upgrade(service, url)
