"""The gateway's processes."""

from common.db.upgrade import upgrade
from common.runtime import run_process
from common.settings import load_settings
from gateway.bootstrap import start
from gateway.settings import GatewaySettings


def run(role: str) -> None:
    """Run a process until it is told to stop; `migrate` brings the database up to date instead.

    Raises:
        ValueError: there is no such role.
    """
    settings = load_settings(GatewaySettings)
    if role == "migrate":
        upgrade("gateway", settings.database_url_for("gateway"))
    elif role == "all":
        run_process("gateway", settings, lambda process: start(process, settings))
    else:
        raise ValueError(f"the gateway has no role {role}")
