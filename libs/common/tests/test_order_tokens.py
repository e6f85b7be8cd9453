"""A token opens one order, by any of our secrets, and nobody can make one without them."""

import pytest
from pydantic import SecretStr

from common.ids import new_id, to_text
from common.link_tokens import make_token, new_seed, read_token
from common.order_tokens import TOKEN_LENGTH, is_order_token, make_order_token, order_link

OLD, NEW = SecretStr("the secret of yesterday"), SecretStr("the secret of today")


def test_a_token_opens_its_own_order_alone() -> None:
    order_id = new_id()
    token = make_order_token([NEW], order_id)

    assert len(token) == TOKEN_LENGTH
    assert is_order_token([NEW], order_id, token)
    assert not is_order_token([NEW], new_id(), token)
    assert make_order_token([NEW], order_id) == token


def test_the_first_secret_makes_and_all_of_them_read() -> None:
    order_id = new_id()
    token = make_order_token([OLD], order_id)

    assert make_order_token([NEW, OLD], order_id) != token
    assert is_order_token([NEW, OLD], order_id, token)
    assert not is_order_token([NEW], order_id, token)


@pytest.mark.parametrize(
    "change", [str.upper, lambda text: text[:-1], lambda text: f"{text}\n", lambda _: "", str.strip]
)
def test_nothing_else_opens_it(change) -> None:
    order_id = new_id()
    token = make_order_token([NEW], order_id)
    changed = change(token)

    assert is_order_token([NEW], order_id, changed) == (changed == token)


def test_tokens_of_links_and_of_orders_are_not_each_others() -> None:
    order_id = new_id()

    assert read_token([NEW], "verify", make_order_token([NEW], order_id)) is None
    assert not is_order_token([NEW], order_id, make_token([NEW], "verify", new_seed()))


def test_the_link_has_the_token_where_no_server_sees_it() -> None:
    order_id = new_id()
    link = order_link("https://studio.example/", [NEW], order_id, "checkout=success")

    page, _, fragment = link.partition("#")
    assert page == f"https://studio.example/orders/{to_text('ord', order_id)}?checkout=success"
    assert fragment == f"token={make_order_token([NEW], order_id)}"


def test_no_token_is_made_without_a_secret() -> None:
    with pytest.raises(ValueError, match="no secret"):
        make_order_token([], new_id())
