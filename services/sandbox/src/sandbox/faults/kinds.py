"""The faults that can be asked for, as types: the body of `POST /sandbox/faults`."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from sandbox.operations import OPERATIONS, Vendor


class _Fault(BaseModel):
    model_config = ConfigDict(extra="forbid")


class StatusFault(_Fault):
    """Answer with an error status; with `after_work` only once the work has been done (and paid for)."""

    status: int = Field(429, ge=200, le=599)
    body: Any = None
    headers: dict[str, str] = Field(default_factory=dict)
    retry_after: float | str | None = None
    after_work: bool = False


class DelayFault(_Fault):
    """Wait before the work, or with `after_work` between the work and the answer."""

    delay_seconds: float = Field(gt=0, le=600)
    after_work: bool = False


class DripFault(_Fault):
    """Send the true answer's body in small pieces over so many seconds."""

    drip_seconds: float = Field(gt=0, le=600)
    pieces: int = Field(20, ge=2, le=1000)


class TruncateFault(_Fault):
    """Send a part of the true body; `clean` ends the message properly, otherwise the socket is closed."""

    truncate: Literal[True] | float
    clean: bool = False

    @property
    def fraction(self) -> float:
        """The part that is sent, between 0 and 1."""
        return 0.5 if self.truncate is True else min(max(self.truncate, 0.0), 1.0)


class DisconnectFault(_Fault):
    """Close the socket without an answer, before the work or after it."""

    disconnect: Literal[True]
    after_work: bool = False


class GarbageFault(_Fault):
    """A 200 that is not what was asked for."""

    garbage: Literal["html", "broken_json", "empty_object"]


class PredictionFault(_Fault):
    """How a Replicate prediction shall end; `stuck` stays processing until it is cancelled."""

    prediction_status: Literal["failed", "aborted", "canceled", "stuck"]
    error: str | None = None


class AnswerFault(_Fault):
    """What a text model shall say: `text` word for word, or not an answer at all."""

    answer: Literal["text", "refusal", "cut", "content_filter", "failed"]
    text: str = ""


class DuplicateFault(_Fault):
    """Deliver a webhook so many times more."""

    duplicate: int = Field(ge=1, le=50)


class ReorderFault(_Fault):
    """Deliver a webhook only after the next one (or after two seconds without one)."""

    reorder: Literal[True]


class DropFault(_Fault):
    """Never deliver a webhook; its event stays pending."""

    drop: Literal[True]


class SmtpFault(_Fault):
    """Answer a mail with an SMTP error code."""

    smtp_code: int = Field(ge=400, le=599)
    message: str = "Refused by the sandbox on request"


_KEYS: dict[str, str] = {
    "status": "status",
    "retry_after": "status",
    "delay_seconds": "delay",
    "drip_seconds": "drip",
    "truncate": "truncate",
    "disconnect": "disconnect",
    "garbage": "garbage",
    "prediction_status": "prediction",
    "answer": "answer",
    "duplicate": "duplicate",
    "reorder": "reorder",
    "drop": "drop",
    "smtp_code": "smtp",
}


def _tag_of(value: Any) -> str | None:
    names = value if isinstance(value, dict) else type(value).model_fields
    return next((tag for key, tag in _KEYS.items() if key in names), None)


Fault = Annotated[
    Annotated[StatusFault, Tag("status")]
    | Annotated[DelayFault, Tag("delay")]
    | Annotated[DripFault, Tag("drip")]
    | Annotated[TruncateFault, Tag("truncate")]
    | Annotated[DisconnectFault, Tag("disconnect")]
    | Annotated[GarbageFault, Tag("garbage")]
    | Annotated[PredictionFault, Tag("prediction")]
    | Annotated[AnswerFault, Tag("answer")]
    | Annotated[DuplicateFault, Tag("duplicate")]
    | Annotated[ReorderFault, Tag("reorder")]
    | Annotated[DropFault, Tag("drop")]
    | Annotated[SmtpFault, Tag("smtp")],
    Discriminator(_tag_of),
]

_HTTP = (StatusFault, DelayFault, DripFault, TruncateFault, DisconnectFault, GarbageFault)
_ALLOWED: dict[Vendor, tuple[type[_Fault], ...]] = {
    Vendor.OPENAI: (*_HTTP, AnswerFault),
    Vendor.REPLICATE: (*_HTTP, PredictionFault, AnswerFault),
    Vendor.CLOUDINARY: _HTTP,
    Vendor.STRIPE: _HTTP,
    Vendor.WEBHOOK: (DuplicateFault, ReorderFault, DropFault, DelayFault),
    Vendor.SMTP: (SmtpFault, DelayFault, DisconnectFault),
}


_ANSWERS = ("responses.create", "chat.completions.create", "predictions.create")


class FaultRule(BaseModel):
    """When a fault happens: on which calls, from which on, how often."""

    model_config = ConfigDict(extra="forbid")

    vendor: Vendor
    operation: str | None = None
    times: int | None = Field(1, ge=1, description="how many calls it hits; null until it is removed")
    after: int = Field(0, ge=0, description="how many matching calls pass first")
    fault: Fault

    @model_validator(mode="after")
    def _fits_the_vendor(self) -> "FaultRule":
        known = OPERATIONS[self.vendor]
        if self.operation is not None and self.operation not in known:
            raise ValueError(f"unknown operation of {self.vendor}; known are {', '.join(sorted(known))}")
        if not isinstance(self.fault, _ALLOWED[self.vendor]):
            names = ", ".join(kind.__name__ for kind in _ALLOWED[self.vendor])
            message = f"{self.vendor} cannot have a {type(self.fault).__name__}; it can have {names}"
            raise ValueError(message)  # noqa: TRY004 - pydantic reports a ValueError
        if isinstance(self.fault, PredictionFault) and self.operation != "predictions.create":
            raise ValueError("a prediction's end is set on operation predictions.create")
        if isinstance(self.fault, AnswerFault) and self.operation not in _ANSWERS:
            raise ValueError(f"an answer is set on one of the operations {', '.join(_ANSWERS)}")
        return self
