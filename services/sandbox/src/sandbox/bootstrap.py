"""Puts the sandbox together: the one place that knows every part."""

from aiosmtpd.smtp import SMTP
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from sandbox.blobs import BlobStore
from sandbox.drawing.studio import Studio
from sandbox.faults.registry import FaultRegistry
from sandbox.inbox.mailbox import Mailbox
from sandbox.inbox.routes import InboxRoutes
from sandbox.inbox.smtp import InboxHandler, smtp_protocol
from sandbox.journal.record import Journal
from sandbox.operations import Vendor
from sandbox.pace import Pace
from sandbox.settings import SandboxSettings
from sandbox.traces.routes import TraceRoutes
from sandbox.traces.spans import SpanStore
from sandbox.vendors.cloudinary import errors as cloudinary_errors
from sandbox.vendors.cloudinary.assets import Assets
from sandbox.vendors.cloudinary.raw_files import RawFiles
from sandbox.vendors.cloudinary.routes import CloudinaryRoutes
from sandbox.vendors.openai import errors as openai_errors
from sandbox.vendors.openai.images import ImageMaker
from sandbox.vendors.openai.responses import ResponseMaker
from sandbox.vendors.openai.routes import OpenAIRoutes
from sandbox.vendors.replicate import errors as replicate_errors
from sandbox.vendors.replicate.catalogue import Catalogue as ModelCatalogue
from sandbox.vendors.replicate.routes import ReplicateRoutes
from sandbox.vendors.replicate.runner import Runner
from sandbox.vendors.replicate.webhooks import WebhookSender
from sandbox.vendors.stripe import errors as stripe_errors
from sandbox.vendors.stripe.assembly import StripeVendor
from sandbox.vendors.stripe.webhooks import WebhookTarget
from sandbox.web.control import ControlRoutes, alive
from sandbox.web.layer import VendorLayer

_ERROR_BODIES = {
    Vendor.OPENAI: openai_errors.error_body,
    Vendor.REPLICATE: replicate_errors.error_body,
    Vendor.CLOUDINARY: cloudinary_errors.error_body,
    Vendor.STRIPE: stripe_errors.error_body,
}


class Sandbox:
    """Every imitated vendor and their shared parts. `app` answers HTTP, `smtp_protocol` mail."""

    def __init__(self, settings: SandboxSettings, public_url: str) -> None:
        self._settings = settings
        self._public_url = public_url
        self.faults = FaultRegistry()
        self.journal = Journal(settings.requests_kept_max)
        self.mailbox = Mailbox(settings.mails_kept_max)
        self.spans = SpanStore(settings.spans_kept_max)
        self._pace = Pace(settings.latency_scale)
        self._studio = Studio(settings.drawing_threads)
        limits = settings.images_kept_max, settings.image_bytes_kept_max // 2
        self._replicate_files, self._cloudinary_assets = BlobStore(*limits), BlobStore(*limits)
        self._inbox_handler = InboxHandler(self.mailbox, self.faults, self.journal)
        self._stripe = StripeVendor(
            _webhook_target(settings),
            self.faults,
            self.journal,
            self._pace,
            public_url,
            settings.stripe_objects_kept_max,
        )
        self._runner = self._build_runner()
        self.app = self._build_app()

    def smtp_protocol(self) -> SMTP:
        """A protocol for one SMTP connection."""
        return smtp_protocol(self._inbox_handler, self._settings.mail_bytes_max)

    def reset(self) -> None:
        """Forgets everything: faults, requests, mails, spans, predictions, pictures and Stripe's objects."""
        for part in (self.faults, self.journal, self.mailbox, self.spans, self._stripe, self._runner):
            part.clear()
        self._replicate_files.clear()
        self._cloudinary_assets.clear()

    async def close(self) -> None:
        """Stops all background work."""
        await self._stripe.close()
        await self._runner.close()
        self._studio.close()

    def _build_runner(self) -> Runner:
        webhooks = WebhookSender(self._settings.replicate_webhook_secret.get_secret_value())
        files_url = f"{self._public_url}/replicate/files/"
        return Runner(self._studio, self._pace, self._replicate_files, files_url, webhooks)

    def _build_app(self) -> ASGIApp:
        traces = TraceRoutes(self.spans)
        control = ControlRoutes(self.faults, self.journal, self.reset)
        cloudinary = self._build_cloudinary()
        routes: list[BaseRoute] = [
            Route("/livez", alive),
            Route("/readyz", alive),
            Mount("/sandbox/stripe", routes=self._stripe.steering_routes()),
            Mount("/sandbox", routes=[*control.routes(), *traces.routes(), *InboxRoutes(self.mailbox).routes()]),
            Mount("/otlp", routes=traces.otlp_routes()),
            Mount("/openai/v1", routes=self._build_openai().routes()),
            Mount("/replicate", routes=self._build_replicate().routes()),
            Mount("/cloudinary", routes=cloudinary.api_routes()),
            Mount("/stripe", routes=self._stripe.routes()),
            *cloudinary.delivery_routes(),
        ]
        handlers = {
            openai_errors.OpenAIError: openai_errors.openai_error_response,
            replicate_errors.ReplicateProblemError: replicate_errors.replicate_problem_response,
            cloudinary_errors.CloudinaryError: cloudinary_errors.cloudinary_error_response,
            stripe_errors.StripeError: stripe_errors.stripe_error_response,
            404: _unknown_path,
        }
        return VendorLayer(
            Starlette(routes=routes, exception_handlers=handlers),
            journal=self.journal,
            faults=self.faults,
            error_bodies=_ERROR_BODIES,
            body_bytes_max=self._settings.body_bytes_max,
        )

    def _build_openai(self) -> OpenAIRoutes:
        revised = self._settings.openai_revised_prompt
        images = ImageMaker(self._studio, self._pace, revised_prompt=revised)
        return OpenAIRoutes(images, ResponseMaker(self._pace), self._studio, self._pace)

    def _build_replicate(self) -> ReplicateRoutes:
        return ReplicateRoutes(
            self._runner,
            ModelCatalogue(self._settings.replicate_models),
            self._replicate_files,
            f"{self._public_url}/replicate",
            self._settings.replicate_webhook_secret.get_secret_value(),
        )

    def _build_cloudinary(self) -> CloudinaryRoutes:
        settings = self._settings
        secret = settings.cloudinary_secret.get_secret_value()
        assets = Assets(self._cloudinary_assets, self._studio, self._public_url, settings.cloudinary_key, secret)
        cloud, key = settings.cloudinary_cloud, settings.cloudinary_key
        files = RawFiles(self._cloudinary_assets, self._public_url, key, secret)
        return CloudinaryRoutes(assets, files, self._pace, cloud, key, secret)


def _webhook_target(settings: SandboxSettings) -> WebhookTarget:
    return WebhookTarget(
        settings.stripe_webhook_url,
        settings.stripe_webhook_secret.get_secret_value(),
        settings.webhook_retry_base_seconds,
        settings.webhook_retry_max_seconds,
        settings.webhook_attempts_max,
        settings.webhook_timeout_seconds,
        tuple(settings.stripe_webhook_types.split(",")),
    )


async def _unknown_path(request: Request, _: Exception) -> Response:
    message = f"The sandbox does not imitate {request.method} {request.url.path}"
    return JSONResponse({"error": {"message": message, "type": "invalid_request_error"}}, 404)
