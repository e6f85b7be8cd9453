"""Identifiers: what the edge form promises."""

import time
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.ids import InvalidId, from_text, new_id, to_text

KNOWN = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
KNOWN_TEXT = "prefix_01h455vb4pex5vsknk084sn02q"  # an example of the TypeID specification 0.3


def test_writes_and_reads_the_example_of_the_specification():
    assert to_text("prefix", KNOWN) == KNOWN_TEXT
    assert from_text("prefix", KNOWN_TEXT) == KNOWN


@given(st.uuids(), st.sampled_from(["job", "acc", "usr", "two_words"]))
def test_every_id_survives_the_way_to_the_edge_and_back(value: UUID, prefix: str):
    assert from_text(prefix, to_text(prefix, value)) == value


@given(st.uuids(), st.uuids())
def test_the_edge_form_sorts_like_the_id(one: UUID, other: UUID):
    assert (to_text("job", one) < to_text("job", other)) == (one < other)


def test_new_ids_are_uuid7_unique_and_in_order_of_time():
    ids = [new_id() for _ in range(1000)]
    time.sleep(0.002)
    later = new_id()
    assert {value.version for value in ids} == {7}
    assert len(set(ids)) == 1000
    assert ids == sorted(ids)
    assert max(ids) < later
    assert abs((later.int >> 80) / 1000 - time.time()) < 60  # the first 48 bits are milliseconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "_",
        "job",
        "job_",
        "01h455vb4pex5vsknk084sn02q",
        "_01h455vb4pex5vsknk084sn02q",
        "usr_01h455vb4pex5vsknk084sn02q",
        "job_job_01h455vb4pex5vsknk084sn02q",
        "JOB_01h455vb4pex5vsknk084sn02q",
        " job_01h455vb4pex5vsknk084sn02q",
        "job_01h455vb4pex5vsknk084sn02q ",
        "job_01h455vb4pex5vsknk084sn02q\n",
        "job_01h455vb4pex5vsknk084sn02",
        "job_01h455vb4pex5vsknk084sn02qq",
        "job_01H455VB4PEX5VSKNK084SN02Q",
        "job_01h455vb4pex5vsknk084sn02u",  # Crockford's alphabet has no u, i, l, o
        "job_01h455vb4pex5vsknk084sn02i",
        "job_01h455vb4pex5vsknk084sn02l",
        "job_01h455vb4pex5vsknk084sn02o",
        "job_01h455vb4pex5vsknk084sn0-q",
        "job_01h455vb4pex5vsknk084sn0٢q",  # a digit, but not one of ours
        "job_8zzzzzzzzzzzzzzzzzzzzzzzzz",  # 130 bits fit in 26 characters, an id has 128
        "job_zzzzzzzzzzzzzzzzzzzzzzzzzz",
        "job_01890a5d-ac96-774b-bcce-b302099a8057",
    ],
)
def test_refuses_malformed_text(text: str):
    with pytest.raises(InvalidId, match="not a job id"):
        from_text("job", text)


def test_reads_the_largest_id():
    assert from_text("job", "job_7zzzzzzzzzzzzzzzzzzzzzzzzz").int == 2**128 - 1


@given(st.text(max_size=40))
def test_any_other_text_is_refused_and_never_crashes(text: str):
    with pytest.raises(InvalidId):
        from_text("job", text)
