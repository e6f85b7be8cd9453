"""Facts about the kinds of work on offer. Said by generation on the stream `kinds`."""

from typing import Any, ClassVar

from pydantic import Field

from common.events.envelope import Event, Payload

PAID_PLAN = "paid_plan"


class PriceRule(Payload):
    """What one job of a kind costs in credits: a base, or one of a table by the value of one input field.

    A job whose input has a member of `credits_with_member` is another sort of work (a page instead of a book) and costs
    what that says, whatever else is in it.
    """

    base_credits: int = Field(ge=0)
    by_field: str | None = None
    credits_by_value: dict[str, int] = Field(default_factory=dict)
    credits_with_member: dict[str, int] = Field(default_factory=dict)

    def price_of(self, job_input: dict[str, Any]) -> int:
        """The price of a job with this (valid) input, in credits."""
        for member, credits in self.credits_with_member.items():
            if job_input.get(member) is not None:
                return credits
        if self.by_field is None:
            return self.base_credits
        return self.credits_by_value.get(str(job_input.get(self.by_field)), self.base_credits)

    def highest(self) -> int:
        """The most that a job of this kind can cost, in credits."""
        return max([self.base_credits, *self.credits_by_value.values(), *self.credits_with_member.values()])


class KindDeclared(Event):
    """A kind of work exists, with the shape of its input and result, its price and its worker class."""

    type: ClassVar[str] = "kind.declared"
    topic: ClassVar[str] = "kinds"

    name: str
    title: str
    summary: str
    job_class: str
    price: PriceRule
    input_schema: dict[str, Any]
    result_schema: dict[str, Any]
    example: dict[str, Any]
    deadline_seconds: int = Field(gt=0)
    requires: str | None = None
    """What an account must have to ask for it: `paid_plan`, or nothing. Readers let pass what they do not know."""
    digest: str
