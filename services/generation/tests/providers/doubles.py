"""In-memory forms of the ports that the lead implements on Postgres."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from generation.providers.ports import AttemptOutcome, ImageRequest, OpenAttempt, ProviderCall

REQUEST = ImageRequest("a lighthouse", 1024, 1024, "1:1", "u-5f2c", negative_prompt="people", seed=7)


@dataclass
class Row:
    provider: str
    model: str
    external_id: str | None = None
    outcome: AttemptOutcome | None = None
    error_code: str | None = None
    cost_microusd: int | None = None
    request_id: str | None = None
    tokens: tuple[int | None, int | None] = (None, None)


@dataclass
class MemoryAttempts:
    """An AttemptLog that also keeps the order in which things happened."""

    rows: dict[str, Row] = field(default_factory=dict)
    story: list[str] = field(default_factory=list)
    _ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def left_open(self, provider: str, model: str, external_id: str | None) -> str:
        attempt_id = f"old{next(self._ids)}"
        self.rows[attempt_id] = Row(provider, model, external_id)
        return attempt_id

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        return [(row.provider, str(row.outcome)) for row in self.rows.values()]

    async def begin(self, capability: str, provider: str, model: str) -> str:
        attempt_id = f"a{next(self._ids)}"
        self.rows[attempt_id] = Row(provider, model)
        self.story.append(f"begin {provider}")
        return attempt_id

    async def remember(self, attempt_id: str, external_id: str) -> None:
        self.rows[attempt_id].external_id = external_id
        self.story.append(f"remember {external_id}")

    async def finish(
        self,
        attempt_id: str,
        outcome: AttemptOutcome,
        *,
        error_code: str | None = None,
        cost_microusd: int | None = None,
        request_id: str | None = None,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
    ) -> None:
        row = self.rows[attempt_id]
        assert row.outcome is None, "an attempt ends once"
        row.outcome, row.error_code = outcome, error_code
        row.cost_microusd, row.request_id = cost_microusd, request_id
        row.tokens = (input_tokens, output_tokens)
        self.story.append(f"finish {outcome}")

    async def open_attempts(self, capability: str) -> Sequence[OpenAttempt]:
        return [
            OpenAttempt(attempt_id, row.provider, row.model, row.external_id, datetime.now(UTC))
            for attempt_id, row in self.rows.items()
            if row.outcome is None
        ]


@dataclass
class Around:
    """What an adapter tells its caller meanwhile."""

    remembered: list[str] = field(default_factory=list)
    progress: list[tuple[float, bytes | None]] = field(default_factory=list)

    def call(self, timeout_seconds: float = 5.0, adopted: str | None = None) -> ProviderCall:
        async def remember(external_id: str) -> None:
            self.remembered.append(external_id)

        async def progress(fraction: float, preview: bytes | None) -> None:
            self.progress.append((fraction, preview))

        return ProviderCall(timeout_seconds, remember, progress, adopted)
