"""What one tenant has, as others would like to see or change it, and what they try with it."""

import asyncio
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import asyncpg
from PIL import Image

from atelier_local.stack import Stack
from common.ids import from_text, new_id
from gateway.keys.rules import SCOPES
from sandbox.client import SandboxClient

from .studio import Customer, until

PASSWORD = "correct horse battery"
SECRET_WORD = "heliotrope-windmill-4711"
_LINK = re.compile(r"#token=(atl_link_\S+)")
_TEXT_ID = re.compile(r"\b(?:usr|acc|job|key|pur|txn|evt|del|sub|lot|ast|qst|quo|inv)_[0-9a-hjkmnp-tv-z]{26}\b")
_VOLATILE = ("published_at", "epoch", "entry_ms", "entry_seq", "acked_ms", "acked_seq", "changed_at", "next_try_at")
"""Columns that processes move on by themselves."""
ORDER_KEY = "the-owners-order-key"
UPLOAD_KEY = "the-owners-upload-key"
SUBSCRIPTION = {"plan": "pro", "interval": "month"}
AUTO_TOP_UP = {"enabled": True, "threshold_credits": 1, "product_id": "pack-50", "monthly_ceiling_minor": 5400}
SERVICES = ("gateway", "billing", "generation", "notifier")


@dataclass
class Estate:
    """One account with one of everything. `things` fill the places of a `Try`; `marks` must not be seen."""

    customer: Customer
    things: dict[str, str]
    marks: set[str] = field(default_factory=set)

    def fill(self, value: Any) -> Any:
        """The value with `{job}` and the like replaced by what the tenant has, `{nonce}` by something new."""
        if isinstance(value, str):
            return value.format(**self.things, nonce=new_id().hex)
        if isinstance(value, Mapping):
            return {name: self.fill(item) for name, item in value.items()}
        return [self.fill(item) for item in value] if isinstance(value, list) else value


async def settle(stack: Stack, sandbox: SandboxClient) -> Estate:
    """A tenant with a job, a key, a purchase, a session, transactions, events, mails, and somebody who has left."""
    customer = await Customer.sign_up(stack.urls["gateway"])
    await customer.buy_and_wait()
    job_key, checkout_key = "the-owners-job-key", "the-owners-checkout-key"
    submitted = await customer.submit("text-to-design", key=job_key, prompt=f"a {SECRET_WORD} at dusk")
    assert submitted.status_code == 202, submitted.text
    job = await customer.outcome(submitted.json()["id"])
    one_off = await _order(stack, customer)
    key = (await customer.http.post("/v1/keys", json={"name": SECRET_WORD, "scopes": SCOPES})).json()
    order = {"product_id": "pack-50"}
    opened = await customer.http.post("/v1/checkout", json=order, headers={"Idempotency-Key": checkout_key})
    await _subscribe(customer, "the-owners-subscription-key")
    await _top_up_by_itself(customer)
    estimate = await customer.http.post("/v1/jobs/text-to-design/estimate", json={"prompt": "a lighthouse"})
    session = (await customer.http.post("/v1/sessions", json=_sign_in(customer))).json()
    assert (await customer.http.post("/v1/password-resets", json={"email": customer.email})).status_code == 202
    asset, upload = await _pictures(customer)
    questionnaire = (await customer.http.post("/v1/questionnaires", json={"answers": {"dreams": SECRET_WORD}})).json()
    quote, invoice = await _papers(customer)
    me = (await customer.http.get("/v1/me")).json()
    credits = (await customer.http.get("/v1/credits/transactions")).json()["items"]
    deletion = await _somebody_who_left(stack)
    things = {
        "account": str(from_text("acc", me["account"]["id"])),
        "user": str(from_text("usr", me["user"]["id"])),
        "email": customer.email,
        "job": job["id"],
        "key": key["id"],
        "purchase": opened.json()["purchase_id"],
        "order": one_off["id"],
        "order_key": ORDER_KEY,
        "bent_order_token": bend(one_off["token"]),
        "asset": asset["id"],
        "upload": upload["id"],
        "upload_key": UPLOAD_KEY,
        "questionnaire": questionnaire["id"],
        "paper": quote["quote_id"],
        "invoice": invoice["invoice_id"],
        "transaction": credits[-1]["id"],
        "job_key": job_key,
        "checkout_key": checkout_key,
        "subscription_key": "the-owners-subscription-key",
        "quote": estimate.json()["quote"]["token"],
        "deletion": deletion["id"],
        "bent_receipt": bend(deletion["receipt"]),
        "bent_secret": bend(key["secret"]),
        "bent_refresh": bend(session["refresh_token"]),
        "bent_verification": bend(await _mailed_link(sandbox, customer.email, "welcome")),
        "bent_reset": bend(await _mailed_link(sandbox, customer.email, "new password")),
        "password": PASSWORD,
    }
    estate = Estate(customer, things)
    estate.marks = await _marks(estate, [key["hint"], key["secret"], session["refresh_token"], deletion["receipt"]])
    estate.marks |= {asset["id"], asset["url"], upload["id"], upload["fields"]["signature"]}
    estate.marks.add(questionnaire["id"])
    estate.marks |= {quote["quote_id"], quote["pdf"]["url"], invoice["invoice_id"], invoice["pay_url"]}
    estate.marks |= {one_off["id"], one_off["token"], one_off["checkout_url"]}
    return estate


def bend(secret: str) -> str:
    """The secret with another character in the middle: what guessing gives."""
    middle = len(secret) // 2
    return secret[:middle] + ("a" if secret[middle] != "a" else "b") + secret[middle + 1 :]


async def state_of(stack: Stack, estate: Estate) -> dict[str, list[str]]:
    """Every row of every database that mentions the tenant."""
    ids = {value for name, value in estate.things.items() if name in ("account", "user", "email")}
    ids |= {str(from_text(kind, estate.things[name])) for name, kind in _OWNED}
    found: dict[str, list[str]] = {}
    for service in SERVICES:
        connection = await asyncpg.connect(stack.database_url(service), timeout=10)
        try:
            for table in await connection.fetch(_TABLES):
                rows = await connection.fetch(
                    f'SELECT (to_jsonb(t) - $1::text[])::text AS row FROM "{table[0]}" AS t'  # noqa: S608 - a table's name
                    " WHERE to_jsonb(t)::text ~ $2 ORDER BY 1",
                    list(_VOLATILE),
                    "|".join(re.escape(item) for item in ids),
                )
                found[f"{service}.{table[0]}"] = [row[0] for row in rows]
        finally:
            await connection.close()
    return found


async def steady_state_of(stack: Stack, estate: Estate) -> dict[str, list[str]]:
    """The same, once nothing moves any more."""
    last = await state_of(stack, estate)

    async def unmoved() -> dict[str, list[str]] | None:
        nonlocal last
        await asyncio.sleep(0.5)
        before, last = last, await state_of(stack, estate)
        return last if last == before else None

    return dict(await until(unmoved, what="quiet"))


_OWNED = (
    ("job", "job"), ("key", "key"), ("purchase", "pur"), ("order", "ord"), ("asset", "ast"), ("upload", "ast"),
    ("questionnaire", "qst"),
    ("paper", "quo"),
    ("invoice", "inv"),
)  # fmt: skip
_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1"


def _sign_in(customer: Customer) -> dict[str, str]:
    return {"email": customer.email, "password": PASSWORD}


async def _marks(estate: Estate, secrets: list[str]) -> set[str]:
    """All that names the tenant's things, in any of their pages."""
    http = estate.customer.http
    pages = ["/v1/me", "/v1/jobs", "/v1/keys", "/v1/credits", "/v1/credits/transactions", "/v1/purchases"]
    pages += [
        "/v1/subscription",
        "/v1/credits/auto-top-up",
        "/v1/events/log",
        f"/v1/jobs/{estate.things['job']}/receipt",
    ]
    texts = [(await http.get(page)).text for page in pages]
    marks = {mark for text in texts for mark in _TEXT_ID.findall(text)}
    job = (await http.get(f"/v1/jobs/{estate.things['job']}")).json()
    marks |= {job["result"]["image"]["id"], job["result"]["image"]["url"], SECRET_WORD, estate.customer.email}
    marks |= {estate.things["account"], estate.things["user"], estate.things["deletion"], *secrets}
    return marks


async def _papers(customer: Customer) -> tuple[dict[str, Any], dict[str, Any]]:
    """A quote that was accepted, and its invoice."""
    offer = {"work": f"Paint a {SECRET_WORD}, two coats.", "client": {"name": SECRET_WORD}}
    quote = (await customer.outcome(await customer.accepted("quote", **offer)))["result"]
    assert (await customer.http.post(f"/v1/quotes/{quote['quote_id']}/accept")).status_code == 200
    invoice = await customer.outcome(await customer.accepted("invoice", quote_id=quote["quote_id"]))
    return quote, invoice["result"]


async def _pictures(customer: Customer) -> tuple[dict[str, Any], dict[str, Any]]:
    """A picture that the tenant has brought, and one that may still come."""
    brought = await customer.http.post("/v1/assets", files={"file": ("p.png", picture(), "image/png")})
    assert brought.status_code == 201, brought.text
    opened = await customer.http.post("/v1/assets/uploads", headers={"Idempotency-Key": UPLOAD_KEY})
    assert opened.status_code == 201, opened.text
    return dict(brought.json()), dict(opened.json())


def picture(width: int = 32, height: int = 24) -> bytes:
    """A PNG."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(out, "PNG")
    return out.getvalue()


async def _order(stack: Stack, customer: Customer) -> dict[str, Any]:
    """One thing that the tenant buys without the account."""
    await put_on_sale(stack)
    body = {"kind": "text-to-design", "email": customer.email, "input": {"prompt": f"{SECRET_WORD} at noon"}}
    headers = {"Idempotency-Key": ORDER_KEY, "Authorization": ""}
    answer = await customer.http.post("/v1/orders", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def put_on_sale(stack: Stack) -> None:
    """What is sold without an account is data: these kinds are, too."""
    connection = await asyncpg.connect(stack.database_url("billing"), timeout=10)
    try:
        await connection.execute(
            "INSERT INTO order_products (kind, title, price_minor, currency) VALUES"
            " ('text-to-design', 'One design', 450, 'eur') ON CONFLICT DO NOTHING"
        )
    finally:
        await connection.close()


async def _subscribe(customer: Customer, key: str) -> None:
    opened = await customer.http.post("/v1/subscription/checkout", json=SUBSCRIPTION, headers={"Idempotency-Key": key})
    assert opened.status_code == 201, opened.text
    await _finish_page(customer, opened.json()["url"])

    async def subscribed() -> bool:
        return bool((await customer.http.get("/v1/subscription")).json()["plan"] == "pro")

    await until(subscribed, what="the subscription")


async def _top_up_by_itself(customer: Customer) -> None:
    page = await customer.http.post("/v1/credits/auto-top-up/card")
    assert page.status_code == 201, page.text
    await _finish_page(customer, page.json()["url"])

    async def switched_on() -> bool:
        answer = await customer.http.put("/v1/credits/auto-top-up", json=AUTO_TOP_UP)
        return bool(answer.status_code == 200 and answer.json()["enabled"])

    await until(switched_on, what="the rule")


async def _finish_page(customer: Customer, url: str) -> None:
    done = await customer.http.post(url, headers={"Authorization": ""}, follow_redirects=False)
    assert done.status_code == 303, done.text


async def _mailed_link(sandbox: SandboxClient, email: str, words: str) -> str:
    async def mailed() -> str | None:
        for mail in await sandbox.inbox(to=email):
            found = _LINK.search(mail["text"])
            if found and words in mail["subject"].lower():
                return found.group(1)
        return None

    return str(await until(mailed, what=f"the mail about {words}"))


async def _somebody_who_left(stack: Stack) -> dict[str, Any]:
    gone = await Customer.sign_up(stack.urls["gateway"])
    asked = await gone.http.request("DELETE", "/v1/me", json={"password": PASSWORD})
    await gone.aclose()
    assert asked.status_code == 202, asked.text
    return dict(asked.json())
