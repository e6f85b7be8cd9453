"""An answer that the client has already is not sent again."""

import pytest

from common.http.conditional import conditional

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
