"""Owns how an answer is marked that a reduced way of working has given: the header `X-Degraded`."""

from dataclasses import dataclass

from starlette.responses import Response

HEADER = "X-Degraded"


@dataclass(frozen=True, slots=True)
class Mark:
    """Which part is away, and how old what is shown is; without an age the answer is of this moment."""

    part: str
    age_seconds: float | None = None

    def __str__(self) -> str:
        return self.part if self.age_seconds is None else f"{self.part}; age={max(0, round(self.age_seconds))}"


def marked(response: Response, mark: Mark | None) -> Response:
    """The same answer, with its mark where it has one."""
    if mark is not None:
        response.headers[HEADER] = str(mark)
    return response
