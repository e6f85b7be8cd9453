"""The operators' command: `python -m gateway features list | set KEY VALUE … | clear KEY …`."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from common.db.database import Database
from common.ids import new_id
from common.settings import load_settings
from gateway.features.changing import change_switch
from gateway.features.rules import KEYS, InvalidSwitch, read_switch
from gateway.features.storage import Change, load
from gateway.settings import GatewaySettings

SECONDS_MAX = 30.0


def main(arguments: Sequence[str]) -> int:
    """Run the command; answers the exit code (2: it cannot be, nothing was changed)."""
    asked = _parser().parse_args(arguments)
    settings = load_settings(GatewaySettings)
    try:
        return asyncio.run(_run(asked, settings.database_url_for("gateway")))
    except InvalidSwitch as error:
        sys.stderr.write(f"{error}\n")
        return 2


async def _run(asked: argparse.Namespace, database_url: str) -> int:
    database = Database(database_url, application="gateway-features", pool_size=1)
    try:
        async with asyncio.timeout(SECONDS_MAX):
            if asked.verb != "list":
                await database.transact(change_switch, _change(asked))
            await _show(database)
    finally:
        await database.close()
    return 0


def _change(asked: argparse.Namespace) -> Change:
    switch = None
    if asked.verb == "set":
        switch = read_switch(asked.key, asked.value, asked.public, asked.until)
    return Change(new_id(), asked.key, switch, asked.by, asked.why)


async def _show(database: Database) -> None:
    async with database.autocommit() as connection:
        features, stored = await load(connection)
    sys.stdout.write(f"version {features.version}\n")
    for item in stored:
        until = "" if item.switch.until is None else f" until {item.switch.until.isoformat()}"
        sys.stdout.write(
            f"{item.switch.key} = {item.switch.value}{until}"
            f"  ({item.changed_by}, {item.updated_at.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}: {item.why})\n"
        )
    if not stored:
        sys.stdout.write("nothing is switched\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m gateway features", description="The operators' switches.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("list", help="how all switches stand")
    put = verbs.add_parser("set", help="change a switch")
    put.add_argument("key", help=", ".join(KEYS))
    put.add_argument("value", help="on or off; a factor for tight-limits; a sentence for incident")
    put.add_argument("--public", help="what the public is told")
    put.add_argument("--until", type=_moment, help="when it is expected to end, such as 2026-11-21T18:00:00Z")
    clear = verbs.add_parser("clear", help="put a switch back to its default")
    clear.add_argument("key")
    for verb in (put, clear):
        verb.add_argument("--by", required=True, help="who makes the change")
        verb.add_argument("--why", required=True, help="why, for the audit")
    return parser


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no moment such as 2026-11-21T18:00:00Z") from None
    if found.tzinfo is None:
        raise argparse.ArgumentTypeError("a moment needs its offset, such as Z")
    return found
