"""The operators' command: `python -m gateway prices list | set … | clear …`."""

import argparse
import asyncio
import sys
from collections.abc import Sequence

from common.db.database import Database
from common.settings import load_settings
from gateway.kinds.catalogue import KindCatalogue
from gateway.kinds.pricing import PriceRefused, clear_price, set_price
from gateway.settings import GatewaySettings

SECONDS_MAX = 30.0
EXIT_REFUSED = 2


def main(arguments: Sequence[str]) -> int:
    """Run the command; answers the exit code (2: it cannot be, nothing was changed)."""
    asked = _parser().parse_args(arguments)
    try:
        return asyncio.run(_run(asked, load_settings(GatewaySettings).database_url_for("gateway")))
    except PriceRefused as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_REFUSED


async def _run(asked: argparse.Namespace, database_url: str) -> int:
    database = Database(database_url, application="gateway-prices", pool_size=1)
    try:
        async with asyncio.timeout(SECONDS_MAX):
            if asked.verb == "set":
                await database.transact(set_price, asked.kind, asked.base, dict(asked.value), asked.by, asked.why)
            elif asked.verb == "clear":
                await database.transact(clear_price, asked.kind, asked.by, asked.why)
            catalogue = KindCatalogue(database)
            await catalogue.load()
    finally:
        await database.close()
    for kind in catalogue.all():
        by = {**kind.price.credits_by_value, **kind.price.credits_with_member}
        others = "".join(f" {key}={credits}" for key, credits in sorted(by.items()))
        sys.stdout.write(f"{kind.name} {kind.price.base_credits}{others}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m gateway prices", description="What work costs, in credits.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("list", help="all kinds with their prices in force")
    put = verbs.add_parser("set", help="another price from now on")
    put.add_argument("base", type=int, nargs="?", help="the base price")
    put.add_argument("--value", type=_pair, action="append", default=[], help="KEY=CREDITS, of the rule's table")
    clear = verbs.add_parser("clear", help="the declared price again")
    for verb in (put, clear):
        verb.add_argument("--kind", required=True)
        verb.add_argument("--by", required=True, help="who makes the change")
        verb.add_argument("--why", required=True, help="why, for the record")
    return parser


def _pair(text: str) -> tuple[str, int]:
    key, _, credits = text.partition("=")
    return key, int(credits)
