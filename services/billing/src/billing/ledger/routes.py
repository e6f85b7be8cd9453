"""HTTP of the ledger: an account's credits."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from billing.ledger.views import credits_of
from common.db.database import Database
from common.http.identity import Caller
from common.http.problems import problem_responses
from common.ids import to_text


class Lot(BaseModel):
    """Credits that came together; they are spent soonest expiry first."""

    id: str
    source: str
    granted: int
    remaining: int
    expires_at: datetime | None
    created_at: datetime


class Credits(BaseModel):
    """What the account has: available to spend, held by jobs under way, owed."""

    available: int
    held: int
    debt: int
    lots: list[Lot]


def build_router(database: Database, identify: Callable[..., Awaitable[Caller]]) -> APIRouter:
    """The routes; `identify` is the dependency that tells whose request it is."""
    router = APIRouter(tags=["credits"])

    @router.get("/v1/credits", operation_id="get_credits", responses=problem_responses("UNAUTHORIZED"))
    async def get_credits(caller: Annotated[Caller, Depends(identify)]) -> Credits:
        """Available, held and owed credits, and the lots that the available ones lie in."""
        view = await credits_of(database, caller.account_id)
        return Credits(
            available=view.available,
            held=view.held,
            debt=view.debt,
            lots=[
                Lot(
                    id=to_text("lot", lot.lot_id),
                    source=lot.source,
                    granted=lot.granted,
                    remaining=lot.remaining,
                    expires_at=lot.expires_at,
                    created_at=lot.created_at,
                )
                for lot in view.lots
            ],
        )

    return router
