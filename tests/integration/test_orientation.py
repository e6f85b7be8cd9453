"""An orientation report through the public doors: subscribe, fill in, ask five times at once, read one report."""

import asyncio
from typing import Any

import httpx2
from services.generation.tests.questionnaires.filled import ANSWERS

from .studio import Customer, until

QUESTIONNAIRES = "/v1/questionnaires"


async def subscribe(customer: Customer) -> None:
    opened = await customer.http.post("/v1/subscription/checkout", json={"plan": "pro", "interval": "month"})
    assert opened.status_code == 201, opened.text
    paid = await customer.http.post(
        opened.json()["url"], data={"email": customer.email}, headers={"Authorization": ""}, follow_redirects=False
    )
    assert paid.status_code == 303, paid.text


async def filled_in(customer: Customer) -> str:
    """A questionnaire that was begun, resumed and completed."""
    begun = await customer.http.post(QUESTIONNAIRES, json={"language": "fr", "answers": {"marks": 3}})
    assert begun.status_code == 201, begun.text
    path, answers = begun.headers["Location"], {"answers": ANSWERS}
    assert (await customer.http.patch(path, json=answers)).status_code == 428
    changed = await customer.http.patch(path, json=answers, headers={"If-Match": begun.headers["ETag"]})
    assert (changed.status_code, changed.json()["missing"]) == (200, [])
    stale = await customer.http.patch(path, json=answers, headers={"If-Match": begun.headers["ETag"]})
    assert (stale.status_code, stale.json()["code"]) == (412, "PRECONDITION_FAILED")
    done = await customer.http.post(f"{path}/complete", headers={"If-Match": changed.headers["ETag"]})
    assert done.json()["state"] == "completed"
    return str(done.json()["id"])


async def test_a_subscriber_gets_one_report_a_year(customer: Customer) -> None:
    questionnaire_id = await filled_in(customer)

    async def ask(key: str) -> httpx2.Response:
        return await customer.submit("orientation-report", key=key, questionnaire_id=questionnaire_id)

    refused = await ask("too-early")
    assert (refused.status_code, refused.json()["code"]) == (403, "NOT_ELIGIBLE")
    await subscribe(customer)

    async def paid_for() -> bool:
        return (await customer.credits())["available"] >= 300 and (await ask("first")).status_code == 202

    await until(paid_for, what="the plan")
    answers = [await ask("first"), *await asyncio.gather(*[ask(f"again-{number}") for number in range(4)])]
    jobs = await asyncio.gather(*[customer.outcome(answer.json()["id"]) for answer in answers])

    assert sorted(job["status"] for job in jobs) == ["failed"] * 4 + ["succeeded"]
    assert {job["error"]["code"] for job in jobs if job["error"]} == {"NOT_ELIGIBLE"}
    assert (await customer.credits())["available"] == 310 - 20
    report: dict[str, Any] = jobs[0]["result"]
    assert report["title"] == "Rapport d’orientation"
    assert report["parts"][0]["title"] == "Première analyse"
    bought = [attempt["step"] for attempt in jobs[0]["attempts"] if attempt["outcome"] == "ok"]
    assert list(dict.fromkeys(bought)) == ["analysis", "reading", "field"]
    async with httpx2.AsyncClient(trust_env=False) as anybody:
        assert (await anybody.get(report["pdf"]["url"])).content.startswith(b"%PDF-")
    told = [event["message"] for event in await customer.event_log() if event["type"] == "job.progress"]
    assert any("analyse" in message for message in told)
