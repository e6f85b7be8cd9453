"""A statement as CSV says the same as the pages, is bounded, and runs nothing in a spreadsheet."""

import re

import pytest

from billing.ledger.grants import Grant, post_grants
from billing.statements.routes import CSV_CHUNK_ROWS
from billing.statements.rules import CSV_HEADER, csv_lines, wants_csv
from common.ids import new_id

from .story import CSV_ROWS_MAX, Desk, table

PATH = "/v1/credits/transactions"


async def test_says_what_the_pages_say(desk: Desk) -> None:
    account_id = new_id()
    await desk.grant(account_id, 20, memo='said "hello", then\nleft')
    await desk.live(account_id, seed=5, steps=40)

    rows = table(await desk.ask(account_id, PATH, accept="text/csv"))

    items = await desk.walk(account_id, limit=100)
    assert [row["id"] for row in rows] == [item["id"] for item in items]
    assert rows[-1]["memo"] == 'said "hello", then\nleft'
    for row, item in zip(rows, items, strict=True):
        assert row["job_id"] == (item["job_id"] or "")
        assert {book: int(row[f"{book}_change"]) for book in item["change"]} == item["change"]
        assert {book: int(row[f"{book}_after"]) for book in item["change"]} == item["balance_after"]
    only = table(await desk.ask(account_id, f"{PATH}?format=csv&kind=grant&limit=1"))
    assert [row["id"] for row in only] == [item["id"] for item in items if item["kind"] == "grant"]


@pytest.mark.parametrize(
    "memo", ['=HYPERLINK("http://evil","x")', "+1+1", "-2+3", "@SUM(A1)", "\tcmd", "\rcmd", "\ncmd", "\uff1d1+1"]
)
async def test_a_memo_is_never_a_formula(desk: Desk, memo: str) -> None:
    account_id = new_id()
    await desk.grant(account_id, 1, memo=memo)

    (row,) = table(await desk.ask(account_id, f"{PATH}?format=csv"))

    assert row["memo"] == f"'{memo}"


async def test_numbers_stay_numbers(desk: Desk) -> None:
    account_id = new_id()
    await desk.grant(account_id, 5)
    await desk.hold(account_id, 5)

    hold, _ = table(await desk.ask(account_id, f"{PATH}?format=csv"))

    assert (hold["available_change"], hold["held_change"]) == ("-5", "5")


async def test_a_long_statement_is_bounded_and_says_where_it_goes_on(desk: Desk) -> None:
    account_id = new_id()
    assert CSV_CHUNK_ROWS < CSV_ROWS_MAX, "more than a chunk, and a last chunk that is not full"
    grants = [Grant(account_id, 1, "promotion", str(new_id()), f"number {index}") for index in range(CSV_ROWS_MAX + 3)]
    await desk.database.transact(post_grants, grants)

    answer = await desk.ask(account_id, f"{PATH}?format=csv&kind=grant")
    rows = table(answer)
    following = re.fullmatch('<(.+)>; rel="next"', answer.headers["link"])
    assert following is not None
    rest = await desk.ask(account_id, following[1])

    assert len(rows) == CSV_ROWS_MAX
    memos = [row["memo"] for row in rows + table(rest)]
    assert memos == [f"number {index}" for index in reversed(range(CSV_ROWS_MAX + 3))]
    assert "link" not in rest.headers


async def test_a_statement_that_just_fits_does_not_go_on(desk: Desk) -> None:
    account_id = new_id()
    grants = [Grant(account_id, 1, "promotion", str(new_id()), "") for _ in range(CSV_ROWS_MAX)]
    await desk.database.transact(post_grants, grants)

    answer = await desk.ask(account_id, f"{PATH}?format=csv")

    assert len(table(answer)) == CSV_ROWS_MAX
    assert "link" not in answer.headers


async def test_an_account_without_transactions_has_the_header_alone(desk: Desk) -> None:
    answer = await desk.ask(new_id(), f"{PATH}?format=csv")

    assert answer.text == ",".join(CSV_HEADER) + "\r\n"
    assert "attachment" in answer.headers["content-disposition"]


@pytest.mark.parametrize(
    ("accept", "asked", "expected"),
    [
        (None, None, False),
        ("*/*", None, False),
        ("text/csv", None, True),
        ("TEXT/CSV; header=present", None, True),
        ("application/json, text/csv", None, False),
        ("text/csv, application/json;q=0.9", None, True),
        ("text/csv;q=0.5, application/json", None, False),
        ("text/csv;q=0", None, False),
        ("text/csv;q=x", None, False),
        ("text/html, text/csv, */*;q=0.1", None, True),
        ("text/csv", "json", False),
        ("application/json", "csv", True),
    ],
)
def test_csv_is_given_to_those_who_prefer_it(accept: str | None, asked: str | None, expected: bool) -> None:
    assert wants_csv(accept, asked) is expected  # type: ignore[arg-type]


def test_quotes_as_rfc_4180_says() -> None:
    assert csv_lines([("a,b", 'say "x"', None, 7), ("two\r\nlines", "=1", "'", -1)]) == (
        '"a,b","say ""x""",,7\r\n"two\r\nlines",\'=1,\',-1\r\n'
    )
