"""`python -m billing reconcile`: the report for people and the exit status for scripts."""

import asyncio
import os
import sys

from ..stripe.reversing import granted
from ..stripe.shop import Shop
from ..stripe.shop_database import ShopDatabase

SECONDS_MAX = 40


async def command(shop: Shop, database_url: str) -> tuple[int, str]:
    settings = shop.settings
    environment = {
        "PATH": os.environ["PATH"],
        "BILLING_DATABASE_URL": database_url,
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "STRIPE_API_KEY": settings.stripe_api_key.get_secret_value(),
        "STRIPE_API_BASE": settings.stripe_api_base,
        "STRIPE_WEBHOOK_SECRETS": "whsec_x",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "billing", "reconcile", env=environment, stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(SECONDS_MAX):
        output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


async def test_says_what_it_found_and_exits_accordingly(shop: Shop, shop_database: ShopDatabase) -> None:
    async with shop.worker():
        intent_id = await granted(shop)
    status, output = await command(shop, shop_database.plain_url)
    assert (status, "reconcile: clean" in output) == (0, True), output

    async with shop.database.unit_of_work() as uow:
        await uow.execute("UPDATE purchases SET amount_minor = 500")
    status, output = await command(shop, shop_database.plain_url)
    assert status == 1, output
    assert f"{intent_id} paid: paid 499 at Stripe, 500 booked" in output

    await shop.fault(None, {"status": 500}, times=None)
    status, output = await command(shop, shop_database.plain_url)
    assert (status, "reconcile: failed" in output) == (3, True), output
