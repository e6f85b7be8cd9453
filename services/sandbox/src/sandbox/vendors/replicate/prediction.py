"""One prediction: its state, its log and its JSON."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.tokens import replicate_id
from sandbox.vendors.replicate.catalogue import Model

TERMINAL = frozenset({"succeeded", "failed", "canceled", "aborted"})
_BAR_WIDTH = 10


def _stamp(moment: datetime | None) -> str | None:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if moment else None


@dataclass(slots=True)
class Prediction:
    """A run of a model. `finished` is set when the status is terminal, `cancelled` when somebody asked."""

    model: Model
    input: dict[str, Any]
    base_url: str
    id: str = field(default_factory=replicate_id)
    status: str = "starting"
    output: Any = None
    error: str | None = None
    logs: str = ""
    tokens: tuple[int, int] | None = None
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    started_at: datetime | None = None
    completed_at: datetime | None = None
    webhook: str | None = None
    webhook_events: frozenset[str] = frozenset()
    finished: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)

    def start(self) -> None:
        """From `starting` to `processing`."""
        self.status = "processing"
        self.started_at = datetime.now(UTC)
        self.logs = f"Using seed: {self.input.get('seed', 0)}\n"

    def step(self, done: int, total: int) -> None:
        """Appends a line of progress as tqdm prints it."""
        share = done / total
        filled = int(share * _BAR_WIDTH)
        bar = "█" * filled + " " * (_BAR_WIDTH - filled)
        self.logs += f"\r{share:4.0%}|{bar}| {done}/{total} [00:{done:02d}<00:{total - done:02d},  1.00it/s]\n"

    def end(self, status: str, *, output: Any = None, error: str | None = None) -> None:
        """Reaches a terminal status; a second end changes nothing."""
        if self.status in TERMINAL:
            return
        self.status, self.output, self.error = status, output, error
        self.completed_at = datetime.now(UTC)
        self.finished.set()

    def as_json(self) -> dict[str, Any]:
        """The prediction as the API shows it."""
        metrics: dict[str, Any] = {}
        if self.started_at and self.completed_at:
            metrics["predict_time"] = (self.completed_at - self.started_at).total_seconds()
            metrics["total_time"] = (self.completed_at - self.created_at).total_seconds()
        if self.tokens is not None:
            metrics["input_token_count"], metrics["output_token_count"] = self.tokens
        here = f"{self.base_url}/v1/predictions/{self.id}"
        return {
            "id": self.id,
            "model": self.model.slug,
            "version": "hidden" if self.model.official else self.model.version,
            "input": self.input,
            "logs": self.logs,
            "output": self.output,
            "data_removed": False,
            "error": self.error,
            "source": "api",
            "status": self.status,
            "created_at": _stamp(self.created_at),
            "started_at": _stamp(self.started_at),
            "completed_at": _stamp(self.completed_at),
            "metrics": metrics,
            "urls": {"get": here, "cancel": f"{here}/cancel", "web": f"{self.base_url}/p/{self.id}"},
        }
