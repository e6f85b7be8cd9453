"""The notifier's processes: `all` tells accounts what happens, `migrate` brings the database up to date."""

from common.bus.consumer import ConsumerLimits
from common.bus.runner import start_consumers, start_relay
from common.db.upgrade import upgrade
from common.runtime import Process, run_process
from common.settings import SettingsError, exit_misconfigured, load_settings
from notifier.bootstrap import SERVICE, build
from notifier.settings import NotifierSettings

ROLES = ("all", "migrate")


def run(role: str = "all") -> None:
    """Run one role; `all` blocks until SIGTERM has been answered and everything is drained.

    Raises:
        ValueError: there is no such role.
    """
    if role not in ROLES:
        raise ValueError(f"the notifier has the roles {', '.join(ROLES)}, not {role!r}")
    settings = load_settings(NotifierSettings)
    if role == "migrate":
        _migrate(settings)
        return

    async def main(process: Process) -> None:
        await start(process, settings)
        await process.run_until_stopped()

    run_process(SERVICE, settings, main)


async def start(process: Process, settings: NotifierSettings) -> int:
    """Start everything the role `all` consists of; answers the HTTP port."""
    notifier = build(settings)
    process.stack.push_async_callback(notifier.close)
    process.before_stop(notifier.hub.drain)
    process.before_stop(notifier.mailer.drain)
    await start_relay(process, SERVICE, notifier.database, notifier.redis)
    process.spawn("hints-sender", notifier.hints.run_sender)
    process.spawn("hints-listener", notifier.hints.run_listener, critical=False)
    process.spawn("places", notifier.places.run, critical=False)
    process.spawn("hints-poll", notifier.hints.run_poll)
    process.spawn("feed-retention", notifier.retention.run)
    process.spawn("mail-retention", notifier.mailer.run_retention)
    for number in range(settings.mail_connections):
        process.spawn(f"mailer-{number}", notifier.mailer.run_sender)
    limits = ConsumerLimits(rest_seconds_max=0.2)
    handlers = notifier.notifications.handlers()
    start_consumers(process, SERVICE, notifier.database, notifier.redis, handlers, limits, together=True)
    return await process.serve(notifier.app, settings.host, settings.port)


def _migrate(settings: NotifierSettings) -> None:
    try:
        url = settings.database_url_for(SERVICE)
    except SettingsError as error:
        exit_misconfigured(str(error))
    upgrade(SERVICE, url)
