"""Tells a prediction's webhook about it, signed as Standard Webhooks say."""

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import time

from sandbox.tokens import request_id
from sandbox.vendors.replicate.prediction import Prediction

_log = logging.getLogger("sandbox.replicate")
_ATTEMPTS_MAX = 3
_SECONDS_MAX = 10.0


class WebhookSender:
    """Posts predictions to their webhooks, with a few retries."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self._key = base64.b64decode(secret.removeprefix("whsec_"))

    async def send(self, prediction: Prediction, event: str) -> None:
        """Delivers the prediction as it is now, if its webhook wants to hear of `event`."""
        if prediction.webhook is None or event not in prediction.webhook_events:
            return
        import httpx2

        body = json.dumps(prediction.as_json())
        async with httpx2.AsyncClient(timeout=_SECONDS_MAX, trust_env=False) as client:
            for attempt in range(_ATTEMPTS_MAX):
                try:
                    answer = await client.post(prediction.webhook, content=body, headers=self._headers(body))
                    if answer.is_success:
                        return
                    _log.warning("webhook_refused url=%s status=%s", prediction.webhook, answer.status_code)
                except httpx2.HTTPError as error:
                    _log.warning("webhook_unreachable url=%s error=%s", prediction.webhook, error)
                await asyncio.sleep(0.5 * 2**attempt)

    def _headers(self, body: str) -> dict[str, str]:
        message_id, timestamp = request_id(), str(int(time.time()))
        signed = hmac.digest(self._key, f"{message_id}.{timestamp}.{body}".encode(), hashlib.sha256)
        return {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
        }
