"""Questionnaires over HTTP: drafted, resumed on another device, completed once, seen by nobody else, bounded."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
import pytest_asyncio
from pydantic import SecretStr
from sqlalchemy import text

from common.db.database import Database
from common.http.app import create_app
from common.http.identity import IDENTITY_HEADER, Caller, require_identity, sign_identity
from common.ids import from_text
from generation.artefacts import storage as artefacts
from generation.engine.failures import JobFailed
from generation.questionnaires.filling import Questionnaires
from generation.questionnaires.form import current_form, form_of
from generation.questionnaires.purging import DraftPurging
from generation.questionnaires.reading import read_completed
from generation.questionnaires.routes import PATH, build_router
from generation.questionnaires.rules import PER_ACCOUNT_MAX
from generation.settings import GenerationSettings

from ..stage import rows
from .filled import ANSWERS

SETTINGS = GenerationSettings(redis_url=SecretStr("redis://127.0.0.1/0"), database_urls={}, environment="development")


@dataclass
class Owner:
    """An account as the gateway shows it to us."""

    http: httpx2.AsyncClient
    account_id: UUID

    async def ask(self, method: str, path: str = "", body: Any = None, **headers: str) -> httpx2.Response:
        identity = sign_identity(SETTINGS.identity_secrets, Caller(self.account_id, uuid4(), "free"))
        sent = {IDENTITY_HEADER: identity, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return await self.http.request(method, f"{PATH}{path}", json=body, headers=sent)

    async def begin(self, **body: Any) -> dict[str, Any]:
        answer = await self.ask("POST", body=body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def change(self, draft: dict[str, Any], revision: int | str, **answers: Any) -> httpx2.Response:
        tag = f'"{revision}"' if isinstance(revision, int) else revision
        return await self.ask("PATCH", f"/{draft['id']}", {"answers": answers}, If_Match=tag)


@pytest_asyncio.fixture
async def http(database: Database) -> AsyncIterator[httpx2.AsyncClient]:
    router = build_router(Questionnaires(database), require_identity(SETTINGS.identity_secrets))
    app = create_app(service="generation", settings=SETTINGS, routers=[router], readiness={}, title="t", version="1")
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://generation") as client:
        yield client


@pytest.fixture
def owner(http: httpx2.AsyncClient) -> Owner:
    return Owner(http, uuid4())


@pytest.fixture
def stranger(http: httpx2.AsyncClient) -> Owner:
    return Owner(http, uuid4())


def refused(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    return dict(answer.json())


async def test_a_draft_is_begun_resumed_and_completed_for_good(owner: Owner) -> None:
    draft = await owner.begin(language="fr", answers={"dreams": "  Vétérinaire.\r\nOu marin.  ", "marks": 4})
    assert (draft["state"], draft["revision"], draft["answers"]["dreams"]) == ("draft", 1, "Vétérinaire.\nOu marin.")
    assert "age_band" in draft["missing"]
    assert "marks" not in draft["missing"]
    open_ones = refused(await owner.ask("POST", f"/{draft['id']}/complete"), 422, "VALIDATION_FAILED")["errors"]
    assert [error["pointer"] for error in open_ones] == [f"/answers/{name}" for name in draft["missing"]]

    changed = await owner.change(draft, 1, **{k: v for k, v in ANSWERS.items() if k != "dreams"} | {"marks": None})
    assert (changed.status_code, changed.headers["etag"], changed.json()["missing"]) == (200, '"2"', ["marks"])
    assert changed.json()["answers"]["dreams"] == "Vétérinaire.\nOu marin.", "what is not named stays"
    assert (await owner.change(draft, '"1", "2"', marks=5)).headers["etag"] == '"3"'

    read = await owner.ask("GET", f"/{draft['id']}")
    assert (read.headers["etag"], read.json()["answers"]["marks"]) == ('"3"', 5)
    assert (await owner.ask("GET", f"/{draft['id']}", If_None_Match='"3"')).status_code == 304
    refused(await owner.ask("POST", f"/{draft['id']}/complete", If_Match='"2"'), 412, "PRECONDITION_FAILED")
    done = (await owner.ask("POST", f"/{draft['id']}/complete", If_Match='"3"')).json()
    assert (done["state"], done["revision"], done["missing"]) == ("completed", 4, [])
    again = await owner.ask("POST", f"/{draft['id']}/complete")
    assert again.json() == done
    refused(await owner.change(draft, 4, marks=1), 409, "CONFLICT")
    assert [item["id"] for item in (await owner.ask("GET")).json()["items"]] == [draft["id"]]


async def test_of_changes_to_one_state_one_wins_and_the_others_are_told(owner: Owner) -> None:
    draft = await owner.begin()

    answers = await asyncio.gather(*[owner.change(draft, 1, marks=1 + n % 5, dreams=f"dream {n}") for n in range(12)])

    won = [answer for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    assert {refused(answer, 412, "PRECONDITION_FAILED")["revision"] for answer in answers if answer not in won} == {2}
    assert (await owner.ask("GET", f"/{draft['id']}")).json()["answers"] == won[0].json()["answers"]
    refused(await owner.ask("PATCH", f"/{draft['id']}", {"answers": {}}), 428, "PRECONDITION_REQUIRED")
    for weak in ('W/"2"', "2", '"x"', ""):
        refused(await owner.change(draft, weak, marks=1), 412, "PRECONDITION_FAILED")
    assert (await owner.change(draft, "*", marks=1)).status_code == 200


async def test_a_completion_and_a_change_at_once_leave_what_one_of_them_says(owner: Owner) -> None:
    draft = await owner.begin(answers=ANSWERS)
    complete, change = await asyncio.gather(
        owner.ask("POST", f"/{draft['id']}/complete", If_Match='"1"'), owner.change(draft, 1, marks=1)
    )
    kept = (await owner.ask("GET", f"/{draft['id']}")).json()
    if complete.status_code == 200:
        assert change.status_code in (409, 412)
        assert (kept["state"], kept["answers"]["marks"]) == ("completed", ANSWERS["marks"])
    else:
        assert (complete.status_code, change.status_code) == (412, 200)
        assert (kept["state"], kept["answers"]["marks"]) == ("draft", 1)


async def test_somebody_elses_is_not_there(owner: Owner, stranger: Owner, database: Database) -> None:
    draft = await owner.begin(answers=ANSWERS)
    await owner.ask("POST", f"/{draft['id']}/complete")
    for method, path, body in (
        ("GET", f"/{draft['id']}", None), ("PATCH", f"/{draft['id']}", {"answers": {"marks": 1}}),
        ("POST", f"/{draft['id']}/complete", None), ("DELETE", f"/{draft['id']}", None),
    ):  # fmt: skip
        refused(await stranger.ask(method, path, body, If_Match="*"), 404, "NOT_FOUND")
    assert (await stranger.ask("GET")).json() == {"items": []}
    refused(await owner.http.get(PATH), 401, "UNAUTHORIZED")
    for account, wanted, code in (
        (stranger.account_id, draft["id"], "QUESTIONNAIRE_NOT_FOUND"),
        (owner.account_id, "qst_0", "QUESTIONNAIRE_NOT_FOUND"),
        (owner.account_id, (await owner.begin())["id"], "QUESTIONNAIRE_NOT_COMPLETED"),
    ):
        with pytest.raises(JobFailed, match=code):
            await read_completed(database, account, wanted)
    filled = await read_completed(database, owner.account_id, draft["id"])
    assert ("How do you see your marks, from 1 (weak) to 5 (excellent)?", "4/5") in filled.answers
    assert ("What matters most to you in a job?", "being useful, freedom") in filled.answers


BAD: dict[str, Any] = {
    "age_band": "101", "subjects_liked": [], "subjects_disliked": ["arts", "arts"], "values": ["income"] * 4,
    "interests": "nature", "marks": 6, "dreams": " \n ", "town": "x" * 101, "health": "a\u0007b", "unknown": "x",
    "strengths": ["organised", "none of them"], "money": 3, "level": ["general"],
}  # fmt: skip


async def test_an_answer_that_does_not_fit_is_named_and_nothing_is_kept(owner: Owner) -> None:
    draft = await owner.begin()
    problem = refused(await owner.change(draft, 1, **BAD, place="region"), 422, "VALIDATION_FAILED")
    assert sorted(error["pointer"] for error in problem["errors"]) == sorted(f"/body/answers/{name}" for name in BAD)
    for odd in ({"marks": True}, {"marks": 4.5}, {"dreams": "x" * 2001}, {"values": ["x" * 41]}, {"marks": {"a": 1}}):
        refused(await owner.change(draft, 1, **odd), 422, "VALIDATION_FAILED")
    refused(await owner.ask("POST", body={"language": "de"}), 422, "VALIDATION_FAILED")
    refused(await owner.ask("POST", body={"answers": BAD}), 422, "VALIDATION_FAILED")
    assert (await owner.ask("GET", f"/{draft['id']}")).json()["answers"] == {}


async def test_an_account_has_a_bounded_number_also_at_once_and_deletes_them(owner: Owner, database: Database) -> None:
    answers = await asyncio.gather(*[owner.ask("POST", body={}) for _ in range(PER_ACCOUNT_MAX + 5)])
    assert sorted(answer.status_code for answer in answers) == [201] * PER_ACCOUNT_MAX + [429] * 5
    kept = (await owner.ask("GET")).json()["items"]
    assert (await owner.ask("DELETE", f"/{kept[0]['id']}")).status_code == 204
    refused(await owner.ask("DELETE", f"/{kept[0]['id']}"), 404, "NOT_FOUND")
    await owner.begin()

    deletion = from_text("qst", kept[1]["id"])
    await database.transact(artefacts.insert_deletion, deletion, owner.account_id)
    refused(await owner.ask("POST", body={}), 403, "FORBIDDEN")
    await database.transact(artefacts.complete, deletion, owner.account_id)
    assert await rows(database, "SELECT 1 FROM questionnaires") == []


async def test_the_form_is_there_for_everybody_in_both_languages(http: httpx2.AsyncClient) -> None:
    forms = {}
    for language in ("en", "fr"):
        answer = await http.get(f"{PATH}/form", params={"language": language})
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "public, no-cache")
        forms[language] = answer.json()
        cached = await http.get(f"{PATH}/form", params={"language": language}, headers={"If-None-Match": "*"})
        assert cached.status_code == 304
    assert (await http.get(f"{PATH}/form", params={"version": 2})).status_code == 404
    assert len(forms["fr"]["questions"]) == 17
    for english, french in zip(forms["en"]["questions"], forms["fr"]["questions"], strict=True):
        assert (english["id"], english["type"]) == (french["id"], french["type"])
        assert english["label"] != french["label"]
        assert [option["id"] for option in english["options"]] == [option["id"] for option in french["options"]]
        assert len({option["label"] for option in french["options"]}) == len(french["options"])


def test_the_form_is_sound_and_older_ones_stay() -> None:
    form = current_form()
    assert form_of(form.version) == form
    for question in form.questions:
        assert bool(question.options) == (question.type in ("choice", "choices")), question.id
        assert (question.most is not None) == (question.type in ("choices", "text")), question.id
        assert len({option.id for option in question.options}) == len(question.options) <= 20


async def test_a_draft_that_nobody_touches_for_a_year_goes_by_itself(
    http: httpx2.AsyncClient, database: Database
) -> None:
    owner = Owner(http, uuid4())
    left, resumed, done = [await owner.begin() for _ in range(3)]
    await owner.change(done, done["revision"], **ANSWERS)
    completed = await owner.ask("POST", f"/{done['id']}/complete", If_Match='"2"')
    assert completed.status_code == 200, completed.text
    async with database.autocommit() as connection:
        aged = "UPDATE questionnaires SET updated_at = now() - interval '366 days' WHERE account_id = :account_id"
        await connection.execute(text(aged), {"account_id": owner.account_id})
    await owner.change(resumed, resumed["revision"], place="region")

    assert await DraftPurging(database).purge() >= 1

    there = {draft["id"]: (await owner.ask("GET", f"/{draft['id']}")).status_code for draft in (left, resumed, done)}
    assert there == {left["id"]: 404, resumed["id"]: 200, done["id"]: 200}
