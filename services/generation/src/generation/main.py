"""Generation's processes."""

from collections.abc import Awaitable, Callable
from functools import partial

from common.db.upgrade import upgrade
from common.runtime import Process, run_process
from common.settings import load_settings
from generation.bootstrap import start_box, start_service, start_sweeper, start_worker
from generation.settings import GenerationSettings

ROLES: dict[str, tuple[str, Callable[[Process, GenerationSettings], Awaitable[None]]]] = {
    "all": ("generation", partial(start_service, sweep=True)),
    "service": ("generation", partial(start_service, sweep=False)),
    "sweeper": ("generation-sweeper", start_sweeper),
    "worker": ("generation-worker", start_worker),
    "box": ("generation", start_box),
}


def run(role: str) -> None:
    """Run a process until it is told to stop; `migrate` brings the database up to date instead.

    Raises:
        KeyError: there is no such role.
    """
    settings = load_settings(GenerationSettings)
    if role == "migrate":
        upgrade("generation", settings.database_url_for("generation"))
        return
    name, start = ROLES[role]
    run_process(name, settings, lambda process: start(process, settings))
