"""An account's life through every service: the address verified, the password forgotten, all of it deleted."""

import re
from typing import Any

import pytest

from sandbox.client import SandboxClient

from .studio import Customer, until

_TOKEN = re.compile(r"#token=(atl_link_\S+)")
PASSWORD = "correct horse battery"


async def _token(sandbox: SandboxClient, email: str, words: str) -> str:
    """The token of the link in the mail about something."""

    async def mailed() -> str | None:
        for mail in await sandbox.inbox(to=email):
            found = _TOKEN.search(mail["text"])
            if found and words in mail["subject"].lower():
                return found.group(1)
        return None

    return str(await until(mailed, what=f"the mail about {words}"))


async def test_links_in_mails_verify_the_address_and_reset_the_password(
    customer: Customer, sandbox: SandboxClient
) -> None:
    greeting = await _token(sandbox, customer.email, "welcome")
    assert (await customer.http.post("/v1/users/verification", json={"token": greeting})).status_code == 204
    assert (await customer.http.get("/v1/me")).json()["user"]["verified_at"] is not None

    asked = await customer.http.post("/v1/password-resets", json={"email": customer.email})
    assert asked.status_code == 202
    token = await _token(sandbox, customer.email, "new password")
    body = {"token": token, "password": "staple battery horse"}
    assert (await customer.http.post("/v1/password-resets/confirm", json=body)).status_code == 204

    signed_in = await customer.http.post("/v1/sessions", json={"email": customer.email, "password": body["password"]})
    assert signed_in.status_code == 201
    assert await _told(sandbox, customer.email, "your password was changed")


async def _told(sandbox: SandboxClient, email: str, words: str) -> bool:
    async def mailed() -> bool:
        return any(words in mail["subject"].lower() for mail in await sandbox.inbox(to=email))

    return bool(await until(mailed, what=words))


@pytest.mark.timeout(150)
async def test_deleted_account_is_answered_for_by_every_service(customer: Customer, sandbox: SandboxClient) -> None:
    job = await customer.accepted("text-to-design", prompt="a lighthouse")
    done = await customer.outcome(job)
    picture = done["result"]["image"]["id"]
    asked = await customer.http.request("DELETE", "/v1/me", json={"password": PASSWORD})
    assert asked.status_code == 202, asked.text
    deletion = asked.json()
    assert (await customer.http.get("/v1/me")).status_code == 401

    async def completed() -> dict[str, Any] | None:
        path = f"/v1/me/deletion/{deletion['id']}"
        answer = await customer.http.get(path, headers={"Authorization": f"Bearer {deletion['receipt']}"})
        return answer.json() if answer.json()["completed_at"] else None

    final = await until(completed, seconds=90, what="the last answer")
    answers = {answer["processor"]: answer for answer in final["answers"]}
    assert answers["generation"]["detail"] == {"deleted_count": 1, "missing_count": 0, "refused_count": 0}
    assert answers["notifier"]["detail"]["mails_count"] >= 2
    assert answers["billing"]["status"] == "kept"
    destroyed = await sandbox.requests("cloudinary", "destroy")
    assert any(picture in str(request) for request in destroyed)
