"""Compares what the sandbox answers with the fields the Stripe SDK declares for the pinned API version."""

import typing
from typing import Any

import stripe

_NAMES = (
    "BalanceTransaction Charge Coupon Customer Discount Dispute Event Invoice InvoiceLineItem InvoicePayment LineItem "
    "PaymentIntent PaymentLink PaymentMethod Plan Price Product PromotionCode Refund SetupIntent Subscription "
    "SubscriptionItem SubscriptionSchedule"
)
_CLASSES = (
    *(getattr(stripe, name) for name in _NAMES.split()),
    stripe.billing_portal.Configuration,
    stripe.billing_portal.Session,
    stripe.checkout.Session,
)
_KINDS: dict[str, type[Any]] = {cls.OBJECT_NAME: cls for cls in _CLASSES}


def misfits(value: Any, place: str = "") -> list[str]:
    """Where an answer lacks a declared field or has one that is not declared, at every depth."""
    if isinstance(value, list):
        return [problem for item in value for problem in misfits(item, f"{place}[]")]
    if not isinstance(value, dict):
        return []
    cls = _KINDS.get(str(value.get("object")))
    if cls is None:
        return [problem for name, item in value.items() for problem in misfits(item, f"{place}.{name}")]
    return _against(cls, value, place or str(value["object"]))


def _against(cls: type[Any], value: dict[str, Any], place: str) -> list[str]:
    declared = {
        name: kind
        for name, kind in cls.__annotations__.items()
        if "ClassVar" not in str(kind) and name != "OBJECT_NAME"
    }
    problems = [
        f"{place}.{name} is missing" for name, kind in declared.items() if _required(kind) and name not in value
    ]
    for name, item in value.items():
        if name not in declared:
            problems.append(f"{place}.{name} is not declared")
        elif item is None and _required(declared[name]):
            problems.append(f"{place}.{name} is null")
        else:
            problems += _inner(declared[name], item, f"{place}.{name}")
    return problems


def _inner(kind: Any, item: Any, place: str) -> list[str]:
    nested = [one for one in _flat(kind) if isinstance(one, type) and issubclass(one, stripe.StripeObject)]
    plain = [one for one in nested if "." in one.__qualname__ and one.__annotations__]
    if plain and isinstance(item, dict) and "object" not in item:
        return _against(plain[0], item, place)
    if plain and isinstance(item, list):
        return [problem for one in item for problem in _inner(plain[0], one, f"{place}[]")]
    return misfits(item, place)


def _flat(kind: Any) -> list[Any]:
    return [kind, *(inner for argument in typing.get_args(kind) for inner in _flat(argument))]


def _required(kind: Any) -> bool:
    return type(None) not in typing.get_args(kind)
