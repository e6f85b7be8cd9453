"""What the public is shown of the product's state."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from common.events.features import Features
from gateway.status.queues import Queue
from gateway.status.rules import Component, Mode, State


class ComponentView(BaseModel):
    """A part of the product."""

    name: str
    state: State
    detail: str | None = None
    since: datetime | None = Field(default=None, description="From when on it has not been `ok`.")
    expected_end_at: datetime | None = Field(
        default=None, description="An estimate: a trouble lasts about as long again as it has lasted."
    )
    checked_at: datetime


class ModeView(BaseModel):
    """A reduced way of working that is on."""

    name: str
    text: str
    since: datetime | None = None
    expected_end_at: datetime | None = None


class WaitView(BaseModel):
    """Until a job that is submitted now starts: half within `p50_seconds`, nine of ten within `p90_seconds`."""

    p50_seconds: float
    p90_seconds: float


class QueueView(BaseModel):
    """The queue of one class of work."""

    job_class: str
    waiting: int
    running: int
    slots: int
    wait: WaitView


class SwitchedOffView(BaseModel):
    """Something that operators have switched off."""

    feature: str
    text: str
    expected_end_at: datetime | None = None


class Status(BaseModel):
    """The state of the product, as of a few seconds ago at most."""

    state: Literal["ok", "degraded"]
    expected_end_at: datetime | None = Field(
        default=None, description="When all is expected to be well again; null while it is, or where nobody can tell."
    )
    modes: list[ModeView]
    components: list[ComponentView]
    queues: list[QueueView]
    switched_off: list[SwitchedOffView]


def status_of(components: list[Component], modes: list[Mode], queues: list[Queue], features: Features) -> Status:
    """The public form of it all."""
    troubled = [component for component in components if component.finding.state != "ok"]
    ends = [component.expected_end_at() for component in troubled] + [mode.expected_end_at for mode in modes]
    return Status(
        state="degraded" if troubled or modes else "ok",
        expected_end_at=max((end for end in ends if end is not None), default=None),
        modes=[
            ModeView(name=mode.name, text=mode.text, since=mode.since, expected_end_at=mode.expected_end_at)
            for mode in modes
        ],
        components=[_component(component) for component in components],
        queues=[_queue(queue) for queue in queues],
        switched_off=_switched_off(features),
    )


def _component(component: Component) -> ComponentView:
    return ComponentView(
        name=component.name,
        state=component.finding.state,
        detail=component.finding.detail,
        since=component.since,
        expected_end_at=component.expected_end_at(),
        checked_at=component.checked_at,
    )


def _queue(queue: Queue) -> QueueView:
    return QueueView(
        job_class=queue.job_class,
        waiting=queue.waiting,
        running=queue.running,
        slots=queue.slots,
        wait=WaitView(p50_seconds=queue.wait_seconds_p50, p90_seconds=queue.wait_seconds_p90),
    )


def _switched_off(features: Features) -> list[SwitchedOffView]:
    notices = {
        "submissions": features.read_only,
        "sign-up": features.sign_up_closed,
        **{f"kind.{kind}": notice for kind, notice in sorted(features.kinds_off.items())},
    }
    return [
        SwitchedOffView(feature=feature, text=notice.text, expected_end_at=notice.until)
        for feature, notice in notices.items()
        if notice is not None
    ]
