"""Brings what providers have enlarged to exactly the size asked for, in a child process, file to file."""

import asyncio
from pathlib import Path
from typing import Any

from generation.local.failures import FailureReason, LocalWorkFailed
from generation.local.pool import LocalPool, LocalTask
from generation.providers.errors import ProviderError, Unavailable, Unfit
from generation.providers.picture_ports import EnlargedFile, UpscaleRequest

FINISH_TASK = LocalTask("finish-upscale", "generation.local.upscale_work:finish", wall_seconds=60.0, cpu_seconds=45.0)


class Enlargements:
    """Finishes enlarged pictures."""

    def __init__(self, pool: LocalPool) -> None:
        self._pool = pool

    def raw(self, request: UpscaleRequest) -> Path:
        """Where an adapter may put what its provider made."""
        return request.target.with_name(f"{request.target.name}.raw")

    async def finish(
        self,
        request: UpscaleRequest,
        raw: Path,
        *,
        provider: str,
        model: str,
        cost_microusd: int,
        request_id: str | None = None,
    ) -> EnlargedFile:
        """Verify the file ``raw`` by decoding it whole, and write the result; ``raw`` is gone afterwards.

        Raises:
            Unfit: it is no picture, or not this one enlarged so far.
            Unavailable: this box cannot do it at the moment; it was paid for all the same.
        """
        width, height = request.size
        arguments = {"source": str(raw), "target": str(request.target), "width": width, "height": height}
        try:
            facts = await self._pool.run(FINISH_TASK, arguments)
        except LocalWorkFailed as error:
            raise _sorted(error, provider, model, cost_microusd, request_id) from error
        finally:
            await asyncio.to_thread(raw.unlink, missing_ok=True)
        return _file(request, facts, cost_microusd, request_id)


def _file(request: UpscaleRequest, facts: dict[str, Any], cost: int, request_id: str | None) -> EnlargedFile:
    return EnlargedFile(request.target, str(facts["media_type"]), *request.size, cost, request_id)


def _sorted(error: LocalWorkFailed, provider: str, model: str, cost: int, request_id: str | None) -> ProviderError:
    if error.reason is FailureReason.REFUSED:
        return Unfit(
            error.detail,
            provider=provider,
            model=model,
            answer="",
            faults=error.detail,
            code=error.code.lower(),
            request_id=request_id,
            cost_microusd=cost,
        )
    return Unavailable(
        f"not finished: {error}",
        provider=provider,
        model=model,
        request_id=request_id,
        code=error.reason.value,
        cost_microusd=cost,
    )
