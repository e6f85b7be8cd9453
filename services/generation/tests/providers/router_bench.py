"""The routers over two scripted vendors on sockets: what the tests of the retry loop stand on."""

import base64
from typing import Any

from redis.asyncio import Redis
from starlette.responses import Response

from generation.providers.bootstrap import Providers, build_providers
from generation.providers.ports import ProviderImage
from generation.providers.settings import ProviderSettings

from .doubles import REQUEST, MemoryAttempts
from .scripted import ScriptedVendor, answer, png

IMAGES = "POST /v1/images/generations"
CREATE = "POST /v1/models/black-forest-labs/flux-schnell/predictions"
GET = "GET /v1/predictions/p1"
CANCEL = "POST /v1/predictions/p1/cancel"
OPENAI_PICTURE, REPLICATE_PICTURE = png(colour="teal"), png(colour="red")
OPENAI, FLUX = "gpt-image-2.5-flare", "black-forest-labs/flux-schnell"
OPENAI_FIRST, REPLICATE_FIRST = f"openai/{OPENAI},replicate/{FLUX}", f"replicate/{FLUX},openai/{OPENAI}"
USAGE = {"input_tokens": 20, "output_tokens": 1000, "total_tokens": 1020}
OPENAI_COST, FLUX_COST = 20 * 5 + 1000 * 30, 3000
"""Micro-dollars of one picture."""


def made(content: bytes | None = OPENAI_PICTURE, usage: dict[str, int] | None = USAGE) -> Response:
    data = [{"b64_json": base64.b64encode(content).decode() if content is not None else None}]
    return answer({"created": 1, "data": data, "usage": usage}, x_request_id="req_1")


def failed(status: int, code: str | None = None, **headers: str) -> Response:
    return answer({"error": {"message": "no", "code": code, "type": "x"}}, status, **headers)


def prediction(status: str, **more: Any) -> Response:
    return answer({"id": "p1", "status": status, **more})


class Bench:
    """A router with its two vendors, of which OpenAI's script is the test's and Replicate's delivers."""

    def __init__(self, openai: ScriptedVendor, replicate: ScriptedVendor, redis: Redis) -> None:
        self.openai, self.replicate, self._redis = openai, replicate, redis
        self.attempts = MemoryAttempts()
        self._built: list[Providers] = []
        replicate.on(CREATE, prediction("starting"))
        replicate.on(GET, prediction("succeeded", output=[f"{replicate.url}/out.png"]))
        replicate.on("GET /out.png", Response(REPLICATE_PICTURE))

    def build(self, **changes: Any) -> Providers:
        settings = ProviderSettings(
            **{
                "openai_api_key": "sk-1",
                "openai_base_url": f"{self.openai.url}/v1",
                "replicate_api_token": "r8_1",
                "replicate_base_url": self.replicate.url,
                "cloudinary_url": "cloudinary://k:s@demo",
                "generation_retry_base_seconds": 0.01,
                "generation_call_timeout_seconds": 15.0,
                **changes,
            }
        )
        providers = build_providers(settings, self._redis)
        self._built.append(providers)
        return providers

    async def run(self, *, timeout_seconds: float = 30.0, **changes: Any) -> ProviderImage:
        providers = self._built[0] if self._built and not changes else self.build(**changes)
        return await providers.images.run(REQUEST, attempts=self.attempts, timeout_seconds=timeout_seconds)

    @property
    def asked(self) -> tuple[int, int]:
        return self.openai.count(IMAGES), self.replicate.count(CREATE)

    async def aclose(self) -> None:
        for providers in self._built:
            await providers.aclose()
