"""The mail before files are deleted: once for an account and day, in its language; a buyer's leads to the order."""

from datetime import date

import pytest

from common.events.accounts import UserRegistered
from common.events.artefacts import ArtefactsExpiryAnnounced, ExpiringJob
from common.ids import new_id, to_text

from .test_mail import inbox, send_all

__all__ = ["inbox", "send_all"]


@pytest.fixture
async def notifier(build, inbox):
    return build(smtp_url=f"smtp://127.0.0.1:{inbox.port}?tls=off", mail_from="Atelier <studio@atelier.test>")


@pytest.mark.parametrize(
    ("locale", "subject", "words"),
    [
        ("en", "Files of yours will be deleted on 2026-12-30", ("12 jobs will be deleted", "11 more")),
        ("fr", "Des fichiers seront supprimés le 2026-12-30", ("de 12 travaux seront supprimés", "11 autres")),
    ],
)
async def test_tells_once_of_all_that_goes_on_a_day(notifier, inbox, handle, send_all, locale, subject, words):
    account_id, job_id = new_id(), new_id()
    await handle(
        notifier,
        UserRegistered(account_id=account_id, user_id=new_id(), email="ada@example.org", locale=locale, plan="free"),
    )
    for day in (30, 30, 31):
        jobs = (ExpiringJob(job_id=job_id, kind="text-to-design"),)
        await handle(
            notifier,
            ArtefactsExpiryAnnounced(account_id=account_id, expire_on=date(2026, 12, day), job_count=12, jobs=jobs),
        )
    await send_all()

    _, mail, other = inbox.mails
    assert (mail["Subject"], "2026-12-31" in other["Subject"]) == (subject, True)
    for part in ("plain", "html"):
        content = mail.get_body((part,)).get_content()
        assert f"https://studio.example/jobs/{to_text('job', job_id)}" in content
        assert all(word in content for word in (words if part == "plain" else words[:1]))
