"""Stripe's objects, kept by kind and id, oldest first and bounded; lists, filters and expansion.

What an object keeps to itself is under the key `HIDDEN` and leaves in no answer and no event. Below it, `INCLUDABLE`
holds what an answer has only when `expand[]` names it, such as an invoice's `payments`.
"""

import copy
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from sandbox.vendors.stripe.errors import StripeError
from sandbox.vendors.stripe.form import Params, listing, mapping, text, whole

StripeObject = dict[str, Any]

HIDDEN = "_hidden"
INCLUDABLE = "includable"

_KIND_BY_PREFIX = {
    "cus": "customer",
    "prod": "product",
    "price": "price",
    "cs": "checkout.session",
    "pi": "payment_intent",
    "ch": "charge",
    "re": "refund",
    "dp": "dispute",
    "pm": "payment_method",
    "seti": "setup_intent",
    "sub": "subscription",
    "sub_sched": "subscription_schedule",
    "in": "invoice",
    "inpay": "invoice_payment",
    "promo": "promotion_code",
    "di": "discount",
    "plink": "payment_link",
    "bpc": "billing_portal.configuration",
    "txn": "balance_transaction",
    "evt": "event",
}


class StripeStore:
    """Every object of the pretended account. Objects are mutable dicts; answers are copies."""

    def __init__(self, kept_max: int) -> None:
        self._kept_max = kept_max
        self._kinds: dict[str, OrderedDict[str, StripeObject]] = {}

    def add(self, made: StripeObject) -> StripeObject:
        """Files a new object under its kind; the oldest of the kind leaves when there are too many."""
        kind = self._kinds.setdefault(made["object"], OrderedDict())
        kind[made["id"]] = made
        while len(kind) > self._kept_max:
            kind.popitem(last=False)
        return made

    def _of(self, kind: str) -> OrderedDict[str, StripeObject]:
        return self._kinds.get(kind) or OrderedDict()

    def get(self, kind: str, object_id: str, param: str = "id") -> StripeObject:
        """An object by kind and id.

        Raises:
            StripeError: 404 `resource_missing`.
        """
        found = self._of(kind).get(object_id)
        if found is None:
            message = f"No such {kind}: '{object_id}'"
            raise StripeError(404, message, code="resource_missing", param=param)
        return found

    def remove(self, kind: str, object_id: str) -> None:
        """Forgets an object, if there is one."""
        self._of(kind).pop(object_id, None)

    def all(self, kind: str) -> list[StripeObject]:
        """All objects of a kind, newest first."""
        return list(reversed(self._of(kind).values()))

    def clear(self) -> None:
        """Forgets every object."""
        self._kinds.clear()

    def page(self, kind: str, url: str, params: Params, filters: tuple[str, ...]) -> StripeObject:
        """A list answer: newest first, filtered by equality and `created`, with cursors."""
        return page_of(self.all(kind), url, params, lambda one: passes(one, params, filters))

    def expanded(self, answer: StripeObject, params: Params) -> StripeObject:
        """A copy of an answer, fit to be shown, in which the `expand[]` paths hold objects instead of ids."""
        made = copy.deepcopy(answer)
        for path in listing(params, "expand"):
            self._expand(made, str(path).split("."))
        answered: StripeObject = shown(made)
        return answered

    def _expand(self, here: Any, path: list[str]) -> None:
        if not path or not isinstance(here, dict):
            return
        name, rest = path[0], path[1:]
        includable = here.get(HIDDEN, {}).get(INCLUDABLE, {})
        if name in includable:
            here[name] = includable[name]
        value = here.get(name)
        if isinstance(value, str):
            kind = _KIND_BY_PREFIX.get(value.rpartition("_")[0]) or _KIND_BY_PREFIX.get(value.partition("_")[0])
            found = self._of(kind or "").get(value)
            if found is not None:
                here[name] = value = copy.deepcopy(found)
        for item in value if isinstance(value, list) else [value]:
            self._expand(item, rest)


def shown(value: Any) -> Any:
    """A copy of an object, at every depth without what is kept to itself."""
    if isinstance(value, dict):
        return {name: shown(item) for name, item in value.items() if name != HIDDEN}
    return [shown(item) for item in value] if isinstance(value, list) else value


def listed(items: list[StripeObject], url: str) -> StripeObject:
    """A complete list inside another object; it holds the list itself, not a copy."""
    return {"object": "list", "data": items, "has_more": False, "url": url}


def page_of(
    every: list[StripeObject],
    url: str,
    params: Params,
    wanted: Callable[[StripeObject], bool] = lambda _: True,
) -> StripeObject:
    """One page of what is wanted from a list that is in order; a cursor may name an object no longer wanted.

    Raises:
        StripeError: 400, a limit outside 1–100 or a cursor that names nothing.
    """
    limit = whole(params, "limit", 10) or 0
    if not 1 <= limit <= 100:
        raise StripeError(400, "This value must be between 1 and 100.", param="limit")
    before = text(params, "ending_before")
    start, stop = _place(every, params, "starting_after"), _place(every, params, "ending_before")
    first = 0 if start is None else start + 1
    found = [one for one in every[first:stop] if wanted(one)]
    has_more = len(found) > limit
    found = found[-limit:] if before else found[:limit]
    return {"object": "list", "url": url, "has_more": has_more, "data": [copy.deepcopy(one) for one in found]}


def _place(every: list[StripeObject], params: Params, cursor: str) -> int | None:
    object_id = text(params, cursor)
    if object_id is None:
        return None
    for place, one in enumerate(every):
        if one["id"] == object_id:
            return place
    raise StripeError(400, f"No such object: '{object_id}'", code="resource_missing", param=cursor)


def passes(one: StripeObject, params: Params, filters: tuple[str, ...]) -> bool:
    """Whether an object equals the filters given and was created in the window asked for."""
    for name in filters:
        wanted = text(params, name)
        if wanted is not None and str(one.get(name)).lower() != wanted.lower():
            return False
    if "created" not in params or "created" not in one:
        return True
    created = params["created"]
    if isinstance(created, str) and one["created"] != whole(params, "created"):
        return False
    window = mapping(params, "created")
    tests = {
        "gt": one["created"].__gt__,
        "gte": one["created"].__ge__,
        "lt": one["created"].__lt__,
        "lte": one["created"].__le__,
    }
    return all(name not in window or test(whole(window, name)) for name, test in tests.items())
