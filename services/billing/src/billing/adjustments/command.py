"""The operators' command: `python -m billing adjust ACCOUNT CREDITS --by NAME --why REASON`."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from billing.adjustments.making import Adjusted, Adjustment, AdjustmentRefused, adjust
from billing.settings import BillingSettings
from common.db.database import Database
from common.ids import InvalidId, from_text, new_id, to_text
from common.settings import load_settings

SECONDS_MAX = 30.0
EXIT_REFUSED = 2
PREFIX = "adj"


def main(arguments: Sequence[str]) -> int:
    """Run the command; answers the exit code (2: it cannot be, nothing was changed).

    The id is printed before anything is done: sent again with it after a lost answer, it is the same adjustment.
    """
    asked = _parser().parse_args(arguments)
    try:
        wish = Adjustment(
            adjustment_id=from_text(PREFIX, asked.id) if asked.id else new_id(),
            account_id=_account(asked.account),
            credits=asked.credits,
            reason=asked.why,
            made_by=asked.by,
            expires_at=asked.expires,
        )
        sys.stdout.write(f"{to_text(PREFIX, wish.adjustment_id)}\n")
        done = asyncio.run(_run(wish, load_settings(BillingSettings).database_url_for("billing")))
    except (AdjustmentRefused, InvalidId) as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_REFUSED
    word = "done" if done.fresh else "was done before"
    sys.stdout.write(f"{word}: {done.available} credits available, {done.debt} owed\n")
    return 0


async def _run(wish: Adjustment, database_url: str) -> Adjusted:
    database = Database(database_url, application="billing-adjust", pool_size=1)
    try:
        async with asyncio.timeout(SECONDS_MAX):
            return await database.transact(adjust, wish)
    finally:
        await database.close()


def _account(text: str) -> UUID:
    """An account by its public id or its UUID."""
    try:
        return UUID(text)
    except ValueError:
        return from_text("acc", text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m billing adjust", description="Give or take credits by hand.")
    parser.add_argument("account", help="acc_… or the UUID")
    parser.add_argument("credits", type=int, help="to give; with a minus, to take of what is available")
    parser.add_argument("--by", required=True, help="who answers for it")
    parser.add_argument("--why", required=True, help="the reason, which the customer reads in their statement")
    parser.add_argument("--id", help="adj_…, to send an adjustment again whose answer was lost")
    parser.add_argument("--expires", type=_moment, help="when the credits lapse, for instance 2027-01-31")
    return parser


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
