"""What the read model of jobs learns from orders: a job nobody submitted here, and what is to be forgotten of it."""

import hashlib

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from common.bus.handlers import Handlers
from common.db.unit_of_work import UnitOfWork
from common.events.orders import OrderBuyerForgotten, OrderPaid
from common.telemetry.tracing import traceparent
from gateway.jobs.reading import canonical

_ENTER = text(
    """
    INSERT INTO jobs (job_id, account_id, kind, job_class, status, rank, price_credits, input, request_hash, created_at,
                      deadline_at, traceparent)
    VALUES (:job_id, :account_id, :kind, :job_class, 'submitted', 0, :price_credits, :input, :request_hash, :created_at,
            :deadline_at, :traceparent)
    ON CONFLICT (job_id) DO NOTHING
    """
).bindparams(bindparam("input", type_=JSONB))
_FORGET = text("UPDATE jobs SET input = '{}' WHERE job_id = :job_id AND account_id = :account_id")


def register(handlers: Handlers) -> None:
    """Subscribe to what billing says of orders."""
    handlers.on(OrderPaid, enter_job)
    handlers.on(OrderBuyerForgotten, forget_input)


async def enter_job(event: OrderPaid, uow: UnitOfWork) -> None:
    """The job of a paid order exists from here on, on the order's own account."""
    job = event.job
    await uow.execute(
        _ENTER,
        {
            "job_id": job.job_id,
            "account_id": event.account_id,
            "kind": job.kind,
            "job_class": job.job_class,
            "price_credits": job.price_credits,
            "input": job.input,
            "request_hash": hashlib.sha256(f"{job.kind}\n{canonical(job.input)}".encode()).digest(),
            "created_at": event.paid_at,
            "deadline_at": job.deadline_at,
            "traceparent": traceparent(),
        },
    )


async def forget_input(event: OrderBuyerForgotten, uow: UnitOfWork) -> None:
    """What the buyer typed goes with their address."""
    await uow.execute(_FORGET, {"job_id": event.job_id, "account_id": event.account_id})
