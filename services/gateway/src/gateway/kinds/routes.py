"""HTTP of kinds: what can be asked for, and at what price."""

from typing import Any

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from common.errors import RateLimited
from common.events.kinds import PriceRule
from common.http.conditional import NOT_MODIFIED, IfNoneMatch, conditional
from common.http.problems import problem_responses
from gateway.features.board import FeatureBoard
from gateway.kinds.catalogue import KindCatalogue, OfferedKind
from gateway.requests.limited import anonymous


class OfferedKindView(BaseModel):
    """A kind of work on offer: enough to draw a form and show a price."""

    name: str
    title: str
    summary: str
    enabled: bool
    price: PriceRule
    requires: str | None = Field(description="What an account must have to ask for it: `paid_plan`, or nothing.")
    input_schema: dict[str, Any]
    result_schema: dict[str, Any]
    example: dict[str, Any]

    @classmethod
    def of(cls, kind: OfferedKind, *, switched_on: bool) -> "OfferedKindView":
        """The public view of a kind."""
        return cls(
            name=kind.name,
            title=kind.title,
            summary=kind.summary,
            enabled=kind.enabled and switched_on,
            price=kind.price,
            requires=kind.requires,
            input_schema=kind.declaration["input_schema"],
            result_schema=kind.declaration["result_schema"],
            example=kind.declaration["example"],
        )


class OfferedKinds(BaseModel):
    """All kinds of work."""

    items: list[OfferedKindView]


def build_router(catalogue: KindCatalogue, features: FeatureBoard) -> APIRouter:
    """The routes of kinds; anybody may read them."""
    router = APIRouter(tags=["kinds"])

    @router.get(
        "/v1/kinds",
        operation_id="list_kinds",
        response_model=OfferedKinds,
        responses=NOT_MODIFIED | problem_responses(RateLimited),
        dependencies=[Depends(anonymous)],
    )
    async def list_kinds(if_none_match: IfNoneMatch = None) -> Response:
        """What can be asked for, with the JSON Schema of each input and its price in credits."""
        views = [OfferedKindView.of(kind, switched_on=features.offers(kind.name)) for kind in catalogue.all()]
        return conditional(OfferedKinds(items=views).model_dump_json(), if_none_match, cache="public, no-cache")

    return router
