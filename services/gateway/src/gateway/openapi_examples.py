"""Examples of the document's answers, by the name of their schema. A test holds each against its schema."""

from typing import Any

_MOMENT = "2026-11-21T12:00:00Z"
_LATER = "2026-11-21T12:00:09Z"
_JOB_ID = "job_01k9zv4m5sfv8b2c3d4e5f6g7h"
_QUEUE: dict[str, Any] = {
    "position": 3,
    "start": {"p50_seconds": 2.5, "p90_seconds": 6.0},
    "finish": {"p50_seconds": 9.0, "p90_seconds": 18.0},
    "estimated_start_at": "2026-11-21T12:00:02.500000Z",
    "estimated_finish_at": _LATER,
}
_ATTEMPT: dict[str, Any] = {
    "step": "image",
    "provider": "openai",
    "model": "gpt-image-2.5-flare",
    "outcome": "ok",
    "error_code": None,
    "duration_seconds": 6.2,
    "cost_microusd": 34000,
}
_JOB: dict[str, Any] = {
    "id": _JOB_ID,
    "kind": "text-to-design",
    "status": "queued",
    "progress": 0.0,
    "message": None,
    "queue": _QUEUE,
    "charge": {"price": 5, "held": 5, "charged": 0, "returned": 0, "settled": False},
    "result": None,
    "error": None,
    "attempts": [],
    "created_at": _MOMENT,
    "started_at": None,
    "finished_at": None,
    "files_deleted_at": None,
}
_USER: dict[str, Any] = {
    "id": "usr_01k9zv4m5sfv8b2c3d4e5f6g7h",
    "email": "ada@example.com",
    "locale": "en",
    "created_at": _MOMENT,
    "verified_at": None,
}
_ACCOUNT: dict[str, Any] = {"id": "acc_01k9zv4m5sfv8b2c3d4e5f6g7h", "plan": "free", "created_at": _MOMENT}
_KEY: dict[str, Any] = {
    "id": "key_01k9zv4m5sfv8b2c3d4e5f6g7h",
    "name": "nightly batch",
    "hint": "atl_live_a1b2",
    "scopes": ["jobs:read", "jobs:write"],
    "created_at": _MOMENT,
    "last_used_at": None,
    "expires_at": None,
    "replaced_by": None,
}
_DELETION: dict[str, Any] = {
    "id": "del_01k9zv4m5sfv8b2c3d4e5f6g7h",
    "requested_at": _MOMENT,
    "completed_at": None,
    "answers": [{"processor": "storage", "status": "pending", "detail": None, "answered_at": None}],
}

_ORDER: dict[str, Any] = {
    "id": "ord_01k9zv4m5sfv8b2c3d4e5f6g7h",
    "kind": "coloring-book",
    "title": "A colouring book",
    "status": "open",
    "price_minor": 999,
    "currency": "eur",
}
EXAMPLES: dict[str, dict[str, Any]] = {
    "Job": _JOB,
    "JobPage": {"items": [_JOB], "next_cursor": _JOB_ID},
    "Estimate": {
        "kind": "text-to-design",
        "price": 5,
        "queue": _QUEUE,
        "quote": {"token": "atl_quote_AQGZ…", "price": 5, "expires_at": "2026-11-21T12:10:00Z"},
    },
    "Receipt": {
        "id": _JOB_ID,
        "kind": "text-to-design",
        "status": "succeeded",
        "price": 5,
        "hold": {"amount": 5, "at": _MOMENT, "transaction_id": None},
        "attempts": [_ATTEMPT],
        "capture": {"amount": 5, "at": _LATER, "transaction_id": None},
        "release": None,
        "repayment": None,
        "totals": {
            "held": 5, "captured": 5, "returned": 0, "expired": 0, "open": 0, "provider_cost_microusd": 34000,
        },
        "why": "The work was done and charged.",
    },
    "OfferedKinds": {
        "items": [
            {
                "name": "text-to-design",
                "title": "Text to design",
                "summary": "One image from a description.",
                "enabled": True,
                "price": {"base_credits": 5, "by_field": None, "credits_by_value": {}, "credits_with_member": {}},
                "requires": None,
                "input_schema": {"type": "object", "properties": {"prompt": {"type": "string"}}},
                "result_schema": {"type": "object"},
                "example": {"prompt": "A lighthouse at dusk"},
            }
        ]
    },
    "Status": {
        "state": "degraded",
        "expected_end_at": "2026-11-21T12:04:00Z",
        "modes": [],
        "components": [
            {
                "name": "api", "state": "ok", "detail": None, "since": None, "expected_end_at": None,
                "checked_at": _MOMENT,
            },
            {
                "name": "billing", "state": "degraded", "detail": "Is 42 s behind.",
                "since": "2026-11-21T11:56:00Z", "expected_end_at": "2026-11-21T12:04:00Z", "checked_at": _MOMENT,
            },
        ],
        "queues": [
            {
                "job_class": "image", "waiting": 3, "running": 8, "slots": 8,
                "wait": {"p50_seconds": 2.5, "p90_seconds": 6.0},
            }
        ],
        "switched_off": [
            {"feature": "kind.upscale", "text": "This kind of work is switched off for now.", "expected_end_at": None}
        ],
    },
    "SessionView": {
        "user": _USER,
        "account": _ACCOUNT,
        "access_token": "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9…",
        "token_type": "Bearer",
        "expires_in_seconds": 900,
        "refresh_token": "atl_refresh_…",
        "refresh_expires_at": "2026-12-21T12:00:00Z",
    },
    "UserView": _USER,
    "ProfileView": {"user": _USER, "account": _ACCOUNT},
    "KeyList": {"items": [_KEY]},
    "NewKeyView": {**_KEY, "secret": "atl_live_…"},
    "DeletionView": _DELETION,
    "NewDeletionView": {**_DELETION, "receipt": "…"},
    "OrderBody": {
        "kind": "coloring-book",
        "email": "you@example.com",
        "locale": "en",
        "input": {"theme": "the sea", "title": "By the sea"},
    },
    "OrderView": {
        **_ORDER,
        "status": "paid",
        "refunded_minor": 0,
        "checkout_url": None,
        "checkout_expires_at": None,
        "created_at": _MOMENT,
        "paid_at": _LATER,
        "ended_at": None,
        "work": {
            "status": "queued",
            "progress": 0.0,
            "message": None,
            "queue": _QUEUE,
            "result": None,
            "error": None,
            "started_at": None,
            "finished_at": None,
            "files_deleted_at": None,
        },
    },
    "OrderedFiles": {
        "items": [
            {
                "id": "019a3f8e4b7c7d2e9f1a2b3c4d5e6f70/book.pdf",
                "media_type": "application/pdf",
                "size_bytes": 4213907,
                "width": None,
                "height": None,
                "url": "https://api.cloudinary.com/v1_1/atelier/raw/download?…",
                "url_expires_at": "2026-11-28T12:00:00Z",
            }
        ]
    },
    "NewOrderView": {
        **_ORDER,
        "checkout_url": "https://checkout.stripe.com/c/pay/…",
        "checkout_expires_at": "2026-11-21T13:00:00Z",
        "created_at": _MOMENT,
        "token": "atl_order_…",
        "page_url": "https://atelier.example/orders/ord_01k9zv4m5sfv8b2c3d4e5f6g7h#atl_order_…",
    },
    "Problem": {
        "type": "/problems/insufficient-credits",
        "title": "Insufficient credits",
        "status": 402,
        "code": "INSUFFICIENT_CREDITS",
        "detail": "This costs 5 credits and 2 are available.",
        "instance": "/v1/jobs/text-to-design",
        "trace_id": None,
        "request_id": "f3a9c2d17b5e4d0c9a6b8e7f1d2c3b4a",
        "required": 5,
        "available": 2,
    },
}  # fmt: skip
"""Here and not with the models, for FastAPI leaves out what is null in those."""
