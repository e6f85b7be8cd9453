"""What a buyer without an account is shown of their order: its money and its work, and nothing of our books."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from gateway.jobs.answers import Job, JobError, Queue
from gateway.jobs.status import JobStatus
from gateway.orders.billing_desk import BilledOrder

OrderStatus = Literal["open", "expired", "paid", "delivered", "refunding", "refunded"]
_ID = "ord_01k9zv4m5sfv8b2c3d4e5f6g7h"


class OrderedWork(BaseModel):
    """The work that was paid for."""

    status: JobStatus
    progress: float = Field(ge=0, le=1)
    message: str | None = Field(description="What is being done, for people.")
    queue: Queue | None
    result: dict[str, Any] | None
    error: JobError | None
    started_at: datetime | None
    finished_at: datetime | None
    files_deleted_at: datetime | None = Field(default=None, description="When the result's files were deleted.")

    @classmethod
    def of(cls, job: Job) -> "OrderedWork":
        """The buyer's side of a job: no credits, no providers."""
        return cls(**{name: getattr(job, name) for name in cls.model_fields})


class OrderedFile(BaseModel):
    """A file of the work. Its `url` works for whoever has it, until `url_expires_at`."""

    id: str = Field(description="As in the result.")
    media_type: str
    size_bytes: int
    width: int | None = Field(description="Of a picture, in pixels.")
    height: int | None
    url: str
    url_expires_at: datetime


class OrderedFiles(BaseModel):
    """All files of the work, in the order in which its result names them; as generation answers."""

    items: list[OrderedFile]


class OrderView(BaseModel):
    """An order; `price_minor` is in the smallest unit of `currency`.

    `paid`: the work is under way. `refunding`: it came to nothing, and the money goes back by itself. `refunded`: all
    of the price went back; a part of it leaves the status as it is.
    """

    id: str = Field(examples=[_ID])
    kind: str
    title: str
    status: OrderStatus
    price_minor: int
    currency: str
    refunded_minor: int = Field(description="What of the price has gone back, or is on its way.")
    checkout_url: str | None = Field(description="Where it can be paid, while it is open.")
    checkout_expires_at: datetime | None
    created_at: datetime
    paid_at: datetime | None
    ended_at: datetime | None
    work: OrderedWork | None = Field(description="Null until the payment has arrived.")

    @classmethod
    def of(cls, order: BilledOrder, job: Job | None) -> "OrderView":
        """An order with its job, where that is known."""
        return cls(**_shared(order), work=None if job is None else OrderedWork.of(job))


class NewOrderView(BaseModel):
    """An order to pay at `checkout_url`. `token` reads it, and is not shown again; mails have it in their links."""

    id: str = Field(examples=[_ID])
    kind: str
    title: str
    status: OrderStatus
    price_minor: int
    currency: str
    checkout_url: str | None
    checkout_expires_at: datetime | None
    created_at: datetime
    token: str = Field(description="For `Authorization: Bearer …` of `GET /v1/orders/{id}`.", examples=["atl_order_…"])
    page_url: str = Field(description="The order's page, which shows how it stands and then the result.")

    @classmethod
    def of(cls, order: BilledOrder, token: str, page_url: str) -> "NewOrderView":
        """A new order, for whoever made it."""
        members = {name: value for name, value in _shared(order).items() if name in cls.model_fields}
        return cls(**members, token=token, page_url=page_url)


def state_of(view: OrderView) -> str:
    """What an order's entity tag stands for: all that is shown, but for times that move with the clock alone."""
    return view.model_dump_json(exclude={"work": {"queue": {"estimated_start_at", "estimated_finish_at"}}})


def _shared(order: BilledOrder) -> dict[str, Any]:
    status = "refunding" if order.status in ("refund_due", "refund_failed") else order.status
    return {**order.model_dump(exclude={"job_id"}), "status": status}
