"""What the pages may do in a browser: their Content-Security-Policy and its companions."""

from collections.abc import Mapping

_IMAGE_SOURCES = ("'self'", "https:", "data:")
_IMAGE_SOURCES_DEVELOPMENT = ("http://127.0.0.1:*", "http://localhost:*")


def content_security_policy(*, development: bool) -> str:
    """Scripts, styles and calls to this origin only, nothing inline, no markup from strings, no framing.

    Images come from wherever artefacts are stored, which is https everywhere but in development.
    """
    images = (*_IMAGE_SOURCES, *_IMAGE_SOURCES_DEVELOPMENT) if development else _IMAGE_SOURCES
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src {' '.join(images)}",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


def page_headers(*, development: bool) -> Mapping[str, str]:
    """Headers of every page and file. `no-cache`: kept, but asked for each time; the ETag makes that cheap."""
    return {
        "content-security-policy": content_security_policy(development=development),
        "cross-origin-opener-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "cache-control": "no-cache",
        "vary": "accept-encoding",
    }
