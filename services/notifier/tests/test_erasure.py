"""A deleted account: its address, log and mails go at once, and nothing that arrives late brings them back."""

from common.events.accounts import EmailChanged
from common.events.deletion import AccountDeletionRequested
from common.events.registry import decode
from common.ids import new_id

PERSONAL = """
    SELECT account_events::text FROM account_events UNION ALL SELECT recipients::text FROM recipients
    UNION ALL SELECT deliveries::text FROM deliveries UNION ALL SELECT job_states::text FROM job_states
"""


def deletion_of(facts) -> AccountDeletionRequested:
    return AccountDeletionRequested(account_id=facts.account_id, user_id=new_id(), deletion_id=new_id())


async def test_everything_of_the_account_goes_and_is_answered_for(notifier, facts, other_facts, handle, rows):
    job_id = new_id()
    await handle(notifier, facts.registered("ada@example.org"), *facts.whole_job(job_id))
    await handle(notifier, other_facts.registered("grace@example.org"), other_facts.balance(1))
    deletion = deletion_of(facts)

    await handle(notifier, deletion)

    left = [row[0] for row in await rows(notifier, PERSONAL)]
    assert not any(str(facts.account_id) in text or "ada@" in text for text in left)
    assert len(left) == 3
    (told,) = await rows(notifier, "SELECT type, body FROM outbox WHERE type = 'recipient.erased'")
    answer = decode(told.type, told.body)
    assert answer.deletion_id == deletion.deletion_id
    assert (answer.events_count, answer.mails_count) == (8, 2)


async def test_late_facts_bring_nothing_back(notifier, facts, handle, rows):
    await handle(notifier, deletion_of(facts))

    changed = EmailChanged(
        account_id=facts.account_id, user_id=new_id(), email="b@example.org", previous_email="a@b.c", locale="en"
    )
    await handle(notifier, facts.registered(), changed, facts.purchased(), *facts.whole_job(new_id()))

    assert await rows(notifier, PERSONAL) == []


async def test_facts_in_the_batch_of_the_deletion_go_too(notifier, facts, other_facts, handle, rows):
    await handle(notifier, facts.registered(), other_facts.registered(), deletion_of(facts), facts.balance(1))

    left = [row[0] for row in await rows(notifier, PERSONAL)]
    assert left
    assert not any(str(facts.account_id) in text for text in left)
