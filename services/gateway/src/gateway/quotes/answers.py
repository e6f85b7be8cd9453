"""What the public is shown of an estimate."""

from datetime import datetime

from pydantic import BaseModel, Field

from gateway.jobs.answers import Queue


class QuoteView(BaseModel):
    """A binding quote: send `token` as the header `Quote` with the same input, and it costs `price` at most."""

    token: str
    price: int = Field(description="In credits.")
    expires_at: datetime


class Estimate(BaseModel):
    """What a job would cost and when it would be done, were it submitted now. Nothing is held for it."""

    kind: str
    price: int = Field(description="In credits, as of now.")
    queue: Queue
    quote: QuoteView
