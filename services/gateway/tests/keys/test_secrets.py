"""The form of a key's secret: fakes are told without a database."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.keys.rules import PREFIX, digest, hint, is_well_formed, make_secret

SECRET = make_secret()


def test_secret_has_prefix_random_part_and_checksum() -> None:
    assert SECRET.startswith("atl_live_")
    assert len(SECRET) == 9 + 43 + 6
    assert SECRET[9:].isalnum()
    assert is_well_formed(SECRET)
    assert len({make_secret() for _ in range(100)}) == 100


def test_form_is_fixed_for_scanners() -> None:
    # CRC32 of the first 52 characters, in base62 with digits, upper case, lower case.
    assert is_well_formed("atl_live_" + "0" * 43 + "0M5UAV")
    assert not is_well_formed("atl_live_" + "0" * 43 + "000000")


@given(st.integers(0, len(SECRET) - 1), st.sampled_from(string.ascii_letters + string.digits))
def test_one_changed_character_is_noticed(position: int, character: str) -> None:
    changed = SECRET[:position] + character + SECRET[position + 1 :]

    assert is_well_formed(changed) is (changed == SECRET)


@given(st.text(max_size=80))
def test_garbage_is_never_well_formed(text: str) -> None:
    assert not is_well_formed(text)
    assert not is_well_formed(PREFIX + text[:49].ljust(49, "é"))


@pytest.mark.parametrize("text", [SECRET + "0", SECRET[:-1], SECRET.lower(), SECRET + "\n", "", PREFIX])
def test_near_misses_are_refused(text: str) -> None:
    assert not is_well_formed(text)


def test_hint_shows_the_beginning_only() -> None:
    assert hint(SECRET) == SECRET[:13] + "…"
    assert len(digest(SECRET)) == 32
