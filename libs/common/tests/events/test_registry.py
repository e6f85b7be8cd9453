"""The contract between services: every event registered, named, routed, and readable by older and newer releases."""

import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

import common.events
from common.bus.streams import PUBLISHERS, SUBSCRIBERS, topics_of
from common.events.accounts import UserRegistered
from common.events.credits import CreditsHeld
from common.events.envelope import Event
from common.events.jobs import JobSpec, JobSubmitted
from common.events.kinds import PriceRule
from common.events.registry import EVENT_TYPES, TOPICS, UnknownEventType, decode
from common.events.runs import Wait
from common.ids import new_id

for module in pkgutil.iter_modules(common.events.__path__):
    importlib.import_module(f"common.events.{module.name}")


def _concrete(parent: type[Event] = Event) -> Iterator[type[Event]]:
    for child in parent.__subclasses__():
        if child.__module__.startswith("common.events."):
            if "type" in vars(child):
                yield child
            yield from _concrete(child)


ALL = sorted(_concrete(), key=lambda event_type: event_type.type)


def test_every_event_is_registered_under_its_own_name():
    assert {event_type.type: event_type for event_type in ALL} == EVENT_TYPES
    assert len(ALL) == len(EVENT_TYPES) > 10


@pytest.mark.parametrize("event_type", ALL, ids=lambda event_type: event_type.type)
def test_an_event_is_a_past_fact_that_somebody_says_and_somebody_reads(event_type: type[Event]):
    noun, _, verb = event_type.type.partition(".")
    assert re.fullmatch(r"[a-z]+(_[a-z]+)?(\.v\d+)?", noun)
    assert re.fullmatch(r"([a-z]+_)?[a-z]*(ed|held|sent|paid|forgotten)(\.v\d+)?", verb)
    assert event_type.topic in TOPICS
    assert len([service for service, topics in PUBLISHERS.items() if event_type.topic in topics]) == 1
    assert SUBSCRIBERS[event_type.topic]
    assert event_type.__doc__


def test_streams_and_events_name_the_same_topics():
    said = [topic for topics in PUBLISHERS.values() for topic in topics]
    assert sorted(said) == sorted(TOPICS) == sorted(SUBSCRIBERS)
    readers = frozenset[str]().union(*SUBSCRIBERS.values())
    assert readers <= PUBLISHERS.keys()
    for reader in readers:
        assert topics_of(reader) == tuple(sorted(t for t, groups in SUBSCRIBERS.items() if reader in groups))


def _event() -> JobSubmitted:
    return JobSubmitted(
        account_id=new_id(),
        job=JobSpec(
            job_id=new_id(),
            kind="text_to_design",
            job_class="image",
            price_credits=3,
            input={"prompt": "une île — 島 \u0000 🏝", "sizes": [1, 2.5, None, True]},
            deadline_at=datetime(2030, 1, 2, 3, 4, 5, 678901, UTC),
        ),
    )


def test_an_event_survives_the_journey_unchanged():
    event = _event()
    assert decode("job.submitted", event.to_json()) == event
    assert decode("job.submitted", event.to_json().encode()) == event


@pytest.mark.parametrize("event_type", ALL, ids=lambda event_type: event_type.type)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_event_survives_the_journey_unchanged(event_type: type[Event], data: st.DataObject):
    event = data.draw(_built(event_type))
    assert decode(event_type.type, event.to_json()) == event


JSON_OBJECTS = st.dictionaries(
    st.text(max_size=8),
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    max_size=3,
)


def _built(model: type[BaseModel]) -> st.SearchStrategy[Any]:
    values: dict[str, st.SearchStrategy[Any]] = {}
    for name, field in model.model_fields.items():
        if field.annotation == dict[str, Any]:
            values[name] = JSON_OBJECTS
        elif isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            values[name] = _built(field.annotation)
        elif field.annotation is float:
            values[name] = st.floats(0, 1)
        elif field.annotation is datetime:
            values[name] = st.datetimes(timezones=st.just(UTC))
    return st.builds(model, **values)


def test_a_newer_release_may_add_members():
    event = _event()
    raw = json.loads(event.to_json())
    raw["added_later"] = {"deep": [1]}
    raw["job"]["added_later"] = "too"
    assert JobSubmitted.from_json(json.dumps(raw)) == event


def test_a_number_that_json_cannot_carry_is_refused_where_it_is_said():
    with pytest.raises(ValidationError, match="finite"):
        Wait(
            position=1,
            start_seconds_p50=0,
            start_seconds_p90=float("inf"),
            duration_seconds_p50=1,
            duration_seconds_p90=1,
        )


@pytest.mark.parametrize("missing", ["account_id", "job"])
def test_an_event_without_a_required_member_is_refused(missing: str):
    raw = json.loads(_event().to_json())
    del raw[missing]
    with pytest.raises(ValidationError, match=missing):
        JobSubmitted.from_json(json.dumps(raw))


@pytest.mark.parametrize("text", ["", "null", "[]", "{", '"job"', "{}", b"\xff\xfe"])
def test_what_is_no_event_is_refused_by_one_error(text: str | bytes):
    with pytest.raises(ValidationError):
        decode("job.submitted", text)


def test_an_unknown_type_is_told_apart_from_a_broken_event():
    with pytest.raises(UnknownEventType, match=r"job\.teleported"):
        decode("job.teleported", "{}")


def test_an_event_cannot_be_changed_after_it_was_said():
    event = _event()
    with pytest.raises(ValidationError, match="frozen"):
        event.account_id = new_id()


def test_each_event_has_an_identity_and_an_aware_time_of_its_own():
    first, second = _event(), _event()
    assert first.event_id < second.event_id
    assert isinstance(first.event_id, UUID)
    assert first.event_id.version == 7
    assert first.occurred_at.utcoffset() is not None


def test_credits_held_carries_all_that_is_needed_to_run_the_job():
    submitted = _event()
    held = CreditsHeld(
        account_id=submitted.account_id,
        job=submitted.job,
        hold_id=new_id(),
        amount_credits=submitted.job.price_credits,
        available_credits=0,
    )
    assert CreditsHeld.from_json(held.to_json()).job == submitted.job


@pytest.mark.parametrize(
    ("job_input", "price"), [({"size": "large"}, 9), ({"size": "odd"}, 2), ({}, 2), ({"size": None}, 2)]
)
def test_a_price_depends_on_one_field_at_most(job_input: dict[str, object], price: int):
    rule = PriceRule(base_credits=2, by_field="size", credits_by_value={"large": 9, "small": 1})
    assert rule.price_of(job_input) == price
    assert rule.highest() == 9


@pytest.mark.parametrize(
    ("job_input", "price"),
    [({"theme": "sea"}, 60), ({"reroll": {"page": 7}}, 4), ({"theme": "sea", "reroll": None}, 60)],
)
def test_another_sort_of_work_in_one_kind_has_a_price_of_its_own(job_input: dict[str, object], price: int):
    rule = PriceRule(base_credits=60, credits_with_member={"reroll": 4})
    assert (rule.price_of(job_input), rule.highest()) == (price, 60)


def test_a_flat_price_looks_at_nothing():
    assert PriceRule(base_credits=4).price_of({"size": "large"}) == 4


def test_a_registration_needs_a_person():
    with pytest.raises(ValidationError):
        UserRegistered.from_json('{"account_id": "01890a5d-ac96-774b-bcce-b302099a8057"}')
