"""Which mail is due before files are deleted: one for all of an account's work that goes on one day."""

from common.events.artefacts import ArtefactsExpiryAnnounced
from common.events.envelope import Event
from common.ids import to_text
from notifier.mail.rules import Mail, kind_title

ARTEFACT_FACTS: tuple[type[Event], ...] = (ArtefactsExpiryAnnounced,)
"""The facts about files that are mailed about."""


def artefact_mails(event: Event, traceparent: str | None) -> list[Mail]:
    """The warning, once for an account and day, however often it is said."""
    if not isinstance(event, ArtefactsExpiryAnnounced):
        return []
    context = {
        "expire_on": event.expire_on.isoformat(),
        "job_count": event.job_count,
        "jobs": [{"id": to_text("job", one.job_id), "kind": kind_title(one.kind)} for one in event.jobs],
    }
    key = f"artefacts_expiring:{event.account_id}:{event.expire_on}"
    return [Mail(event.account_id, "artefacts_expiring", key, context, traceparent=traceparent)]
