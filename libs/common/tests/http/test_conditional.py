"""An answer that the client has already is not sent again."""

import pytest

from common.errors import PreconditionFailed
from common.http.conditional import conditional, revisions_in

BODY = '{"id":1,"at":"now"}'


def test_the_same_state_has_the_same_tag_and_another_state_another():
    tag = conditional(BODY, None).headers["etag"]

    assert tag.startswith('W/"')
    assert conditional(BODY, None).headers["etag"] == tag
    assert conditional('{"id":1,"at":"later"}', None, state=BODY).headers["etag"] == tag
    assert conditional(BODY, None, state="other").headers["etag"] != tag


@pytest.mark.parametrize("form", ["{0}", "{1}", '"x", {0}', '{1} , W/"y"', "*"])
def test_answers_304_to_whoever_names_the_tag(form):
    tag = conditional(BODY, None).headers["etag"]

    answer = conditional(BODY, form.format(tag, tag.removeprefix("W/")))

    assert answer.status_code == 304
    assert answer.body == b""
    assert answer.headers["etag"] == tag
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["vary"] == "Authorization"
    assert "content-type" not in answer.headers


@pytest.mark.parametrize("named", [None, "", '"x"', 'W/"x"', "W/", "{bare}"])
def test_answers_in_full_to_everybody_else(named):
    tag = conditional(BODY, None).headers["etag"]
    bare = tag.removeprefix('W/"').removesuffix('"')

    answer = conditional(BODY, None if named is None else named.format(bare=bare))

    assert answer.status_code == 200
    assert answer.body.decode() == BODY


def test_a_public_answer_does_not_vary_by_who_asks():
    assert "vary" not in conditional(BODY, None, cache="public, no-cache").headers


def test_a_thing_with_revisions_has_a_strong_tag_that_if_match_can_name():
    answer = conditional(BODY, '"2"', revision=3, status_code=201)
    assert (answer.status_code, answer.headers["etag"]) == (201, '"3"')
    assert conditional(BODY, '"3"', revision=3).status_code == 304

    assert revisions_in('"3"') == {3}
    assert revisions_in(' "3" , W/"4", "x", "12"') == {3, 12}
    assert revisions_in("*") is None
    for nothing in ("", "3", 'W/"3"', '"0"', '"3', '"1234567890"', '"a"'):
        with pytest.raises(PreconditionFailed):
            revisions_in(nothing)
