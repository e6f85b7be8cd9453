"""Whatever is sent, the answer is a 413 or 422 that names the problem, and the next person's job is accepted."""

import asyncio
import json
from typing import Any

import pytest

from .studio import Studio

DEEP = b'{"prompt":"p","notes":' + b'{"a":' * 100 + b"1" + b"}" * 100 + b"}"
BODIES = {
    "nothing": b"",
    "not_json": b"prompt=a+lighthouse",
    "cut_off": b'{"prompt": "a',
    "a_list": b'[{"prompt": "p"}]',
    "a_string": b'"prompt"',
    "null": b"null",
    "nan": b'{"prompt": "p", "strength": NaN}',
    "infinity": b'{"prompt": "p", "strength": -Infinity}',
    "a_number_beyond_all": b'{"prompt": "p", "notes": 1e999}',
    "an_endless_number": b'{"prompt": "p", "notes": ' + b"9" * 10_000 + b"}",
    "nul": b'{"prompt": "a\\u0000b"}',
    "nul_in_a_name": b'{"prompt": "p", "notes": {"a\\u0000": 1}}',
    "half_a_surrogate": b'{"prompt": "a\\ud800b"}',
    "half_a_surrogate_in_a_name": b'{"prompt": "p", "notes": {"\\udfff": 1}}',
    "half_a_surrogate_as_unknown_member": b'{"prompt": "p", "\\udfff": 1}',
    "not_utf8": b'{"prompt": "\xff\xfe"}',
    "hundred_deep": DEEP,
    "a_thousand_lists": b"[" * 1000 + b"]" * 1000,
    "hundred_thousand_lists": b"[" * 100_000,
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_names_the_problem_and_keeps_nothing(studio: Studio, body: bytes) -> None:
    person = studio.person()

    answer = await person.submit(content=body)

    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert problem["code"] == "VALIDATION_FAILED"
    assert problem["errors"]
    assert all(error["pointer"].startswith("/body") for error in problem["errors"])
    assert not await studio.rows(person.account_id)
    assert (await person.submit()).status_code == 202


async def test_one_hostile_body_never_spoils_the_batch_it_came_with(studio: Studio) -> None:
    person = studio.person()
    hostile = studio.person()

    answers = await asyncio.gather(
        *(person.submit() for _ in range(20)), *(hostile.submit(content=body) for body in BODIES.values())
    )

    assert [answer.status_code for answer in answers[:20]] == [202] * 20
    assert {answer.status_code for answer in answers[20:]} == {422}


async def test_a_body_of_a_mebibyte_and_more_is_too_large(studio: Studio) -> None:
    person = studio.person()
    body = json.dumps({"prompt": "p", "notes": "x" * (1024 * 1024)}).encode()

    answer = await person.submit(content=body)

    assert answer.status_code == 413
    assert answer.json()["code"] == "PAYLOAD_TOO_LARGE"


CASES: dict[str, tuple[dict[str, Any], set[str]]] = {
    "missing": ({}, {"/body/prompt"}),
    "empty": ({"prompt": ""}, {"/body/prompt"}),
    "one_character_too_long": ({"prompt": "é" * 1001}, {"/body/prompt"}),
    "wrong_type": ({"prompt": 5}, {"/body/prompt"}),
    "not_of_the_enum": ({"prompt": "p", "style": "baroque"}, {"/body/style"}),
    "an_item_of_a_list": ({"prompt": "p", "colors": ["#ffffff", "red"]}, {"/body/colors/1"}),
    "too_many_items": ({"prompt": "p", "colors": ["#ffffff"] * 4}, {"/body/colors"}),
    "unknown_member": ({"prompt": "p", "promt": "q"}, {"/body/promt"}),
    "unknown_member_to_escape": ({"prompt": "p", "a/b~c": 1}, {"/body/a~1b~0c"}),
    "all_at_once": (
        {"style": 1, "colors": ["x"], "more": 1, "evenmore": 2},
        {"/body/prompt", "/body/style", "/body/colors/0", "/body/more", "/body/evenmore"},
    ),
}


@pytest.mark.parametrize(("body", "pointers"), CASES.values(), ids=CASES)
async def test_each_invalid_field_has_a_pointer(studio: Studio, body: dict[str, Any], pointers: set[str]) -> None:
    answer = await studio.person().submit(body=body)

    assert answer.status_code == 422
    problem = answer.json()
    assert {error["pointer"] for error in problem["errors"]} == pointers
    assert all(error["detail"] for error in problem["errors"])


async def test_names_at_most_twenty_problems(studio: Studio) -> None:
    answer = await studio.person().submit(body={f"member-{number}": number for number in range(500)})

    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == 20


async def test_a_thousand_characters_count_as_people_count_them(studio: Studio) -> None:
    assert (await studio.person().submit(body={"prompt": "🎨" * 1000})).status_code == 202


@pytest.mark.parametrize("key", ["", "x" * 256, "caf\u00e9", "tab\there"])
async def test_refuses_odd_idempotency_keys(studio: Studio, key: str) -> None:
    person = studio.person()
    content = b'{"prompt": "p"}'

    answer = await person.http.post(
        "/v1/jobs/sketch", content=content, headers=[(b"idempotency-key", key.encode("latin-1"))]
    )

    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == "/headers/Idempotency-Key"


async def test_of_a_member_given_twice_the_last_one_counts(studio: Studio) -> None:
    person = studio.person()

    answer = await person.submit(content=b'{"prompt": "first", "prompt": "second"}')

    assert answer.status_code == 202
    (row,) = await studio.rows(person.account_id)
    assert row.input == {"prompt": "second"}
