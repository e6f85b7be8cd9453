"""A quote's token is read back as it was made, by us alone, for as long as any of our secrets made it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr

from gateway.quotes.rules import Quote, QuoteExpired, QuoteInvalid
from gateway.quotes.tokens import PREFIX, make_token, read_token

OLD = SecretStr("an old secret of quotes, long enough for it")
NEW = SecretStr("a new secret of quotes, long enough for it")
MOMENT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
QUOTE = Quote(UUID(int=7), b"\x05" * 32, 5, MOMENT + timedelta(minutes=10))


def test_reads_what_it_made() -> None:
    assert read_token([NEW], make_token([NEW], QUOTE)) == QUOTE


def test_a_secret_can_be_replaced_while_quotes_are_out() -> None:
    token = make_token([OLD], QUOTE)

    assert read_token([NEW, OLD], token) == QUOTE
    assert make_token([NEW, OLD], QUOTE) == make_token([NEW], QUOTE)
    with pytest.raises(QuoteInvalid, match="not one of ours"):
        read_token([NEW], token)


def test_no_character_of_it_can_be_changed() -> None:
    token = make_token([NEW], QUOTE)
    for index in range(len(token) - 1):  # the last one has bits to spare, which mean nothing
        forged = token[:index] + ("A" if token[index] != "A" else "B") + token[index + 1 :]
        with pytest.raises(QuoteInvalid) as refused:
            read_token([NEW], forged)
        assert refused.value.reason == "not_ours"


@pytest.mark.parametrize("text", ["", "x", PREFIX, PREFIX + "A" * 130, PREFIX + "é" * 130, "A" * 10_000, "\0"])
def test_any_other_text_is_not_ours(text: str) -> None:
    with pytest.raises(QuoteInvalid) as refused:
        read_token([NEW], text)
    assert refused.value.reason == "not_ours"


def test_makes_none_without_a_secret() -> None:
    with pytest.raises(ValueError, match="no secret"):
        make_token([], QUOTE)


@pytest.mark.parametrize(("price", "charged"), [(4, 4), (5, 5), (9, 5), (0, 0)])
def test_costs_the_price_of_today_and_never_more_than_quoted(price: int, charged: int) -> None:
    assert QUOTE.bind(QUOTE.account_id, QUOTE.request_hash, price, MOMENT) == charged


def test_binds_one_account_one_request_and_ten_minutes() -> None:
    with pytest.raises(QuoteInvalid, match="another account"):
        QUOTE.bind(uuid4(), QUOTE.request_hash, 5, MOMENT)
    with pytest.raises(QuoteInvalid, match="another kind of work or another input"):
        QUOTE.bind(QUOTE.account_id, b"\x06" * 32, 5, MOMENT)
    with pytest.raises(QuoteExpired):
        QUOTE.bind(QUOTE.account_id, QUOTE.request_hash, 5, QUOTE.expires_at)
