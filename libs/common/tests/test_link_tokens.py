"""Tokens of links: readable by us alone, for their purpose alone, through a change of secrets."""

import pytest
from pydantic import SecretStr

from common.link_tokens import TOKEN_LENGTH, make_token, new_seed, read_token

OLD, NEW, OTHER = (SecretStr(letter * 32) for letter in "abc")


def test_a_token_gives_its_seed_back_for_its_purpose_only():
    seed = new_seed()
    token = make_token([NEW], "reset", seed)
    assert read_token([NEW], "reset", token) == seed
    assert read_token([NEW], "verify", token) is None
    assert len(token) == TOKEN_LENGTH


def test_tokens_outlive_a_change_of_secrets_and_no_stranger_makes_one():
    token = make_token([OLD], "reset", new_seed())
    assert read_token([NEW, OLD], "reset", token) is not None
    assert read_token([NEW, OTHER], "reset", token) is None
    assert read_token([], "reset", token) is None


@pytest.mark.parametrize("change", [lambda t: t[:-1], lambda t: t + "A", lambda t: t.replace(".", ""), lambda t: ""])
def test_altered_tokens_are_nothing(change):
    assert read_token([NEW], "reset", change(make_token([NEW], "reset", new_seed()))) is None


def test_every_character_of_the_seed_counts():
    token = make_token([NEW], "email", new_seed())
    position = len("atl_link_") + 3
    other = "A" if token[position] != "A" else "B"
    assert read_token([NEW], "email", token[:position] + other + token[position + 1 :]) is None


def test_without_a_secret_no_link_is_made():
    with pytest.raises(ValueError, match="no secret"):
        make_token([], "verify", new_seed())
