"""HTTP of deleting one's account."""

from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends
from fastapi.openapi.models import HTTPBearer as BearerModel
from fastapi.security.base import SecurityBase
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from common.errors import DependencyUnavailable, Forbidden, NotFound, RateLimited, Unauthorized, ValidationFailed
from common.http.identity import Caller
from common.http.problems import problem_responses
from common.ids import InvalidId, from_text, to_text
from gateway.authentication import bearer_token
from gateway.deletion.requesting import Deletions
from gateway.deletion.rules import Deletion, Status
from gateway.requests.limited import anonymous, own_changing
from gateway.users.fields import Password


class DeleteMe(BaseModel):
    """The password, once more."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"password": "correct horse battery"}]})

    password: Password


class DeletionAnswer(BaseModel):
    """What one part of the studio has done."""

    processor: str = Field(examples=["generation"])
    status: Status
    detail: dict[str, Any] | None
    answered_at: datetime | None


class DeletionView(BaseModel):
    """How far the deletion of an account is; complete when nobody's answer is pending."""

    model_config = ConfigDict(title="Deletion")

    id: str = Field(examples=["del_01kah9w3tefk2rm9r0zc7d5x5e"])
    requested_at: datetime
    completed_at: datetime | None
    answers: list[DeletionAnswer]

    @classmethod
    def of(cls, deletion: Deletion) -> Self:
        """The public side of a deletion."""
        return cls(**_members(deletion))


class NewDeletionView(DeletionView):
    """A deletion just asked for; its receipt is shown this once."""

    model_config = ConfigDict(title="NewDeletion")

    receipt: str = Field(
        description="For `Authorization: Bearer …` of `GET /v1/me/deletion/{id}`.", examples=["atl_receipt_…"]
    )

    @classmethod
    def with_receipt(cls, deletion: Deletion, receipt: str) -> Self:
        """The public side of a deletion with its receipt."""
        return cls(**_members(deletion), receipt=receipt)


class ReceiptBearer(SecurityBase):
    """A FastAPI dependency: the receipt in `Authorization: Bearer …`, as it stands."""

    def __init__(self) -> None:
        self.model = BearerModel(description="The receipt of a deletion (`atl_receipt_…`).")
        self.scheme_name = "receipt"

    async def __call__(self, request: Request) -> str:
        """The receipt, not looked at yet."""
        return bearer_token(request.headers)


receipt_bearer = ReceiptBearer()


def build_router(deletions: Deletions) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/v1/me", tags=["users"])

    @router.delete(
        "",
        operation_id="delete_me",
        status_code=202,
        responses=problem_responses(Unauthorized, Forbidden, ValidationFailed, RateLimited, DependencyUnavailable),
    )
    async def delete_me(body: DeleteMe, who: Annotated[Caller, Depends(own_changing)]) -> NewDeletionView:
        """Delete the account for good. Sessions and keys end at once; results are deleted wherever they are.

        What tax law asks for is kept without the person. Credits that are left are lost.
        """
        return NewDeletionView.with_receipt(*await deletions.request(who.user_id, body.password))

    @router.get(
        "/deletion/{deletion_id}",
        operation_id="get_deletion",
        responses=problem_responses(Unauthorized, NotFound, RateLimited),
        dependencies=[Depends(anonymous)],
    )
    async def get_deletion(deletion_id: str, receipt: Annotated[str, Depends(receipt_bearer)]) -> DeletionView:
        """How far the deletion is, part by part, for whoever has the receipt."""
        try:
            parsed = from_text("del", deletion_id)
        except InvalidId:
            raise NotFound from None
        return DeletionView.of(await deletions.get(parsed, receipt))

    return router


def _members(deletion: Deletion) -> dict[str, Any]:
    return {
        "id": to_text("del", deletion.deletion_id),
        "requested_at": deletion.requested_at,
        "completed_at": deletion.completed_at,
        "answers": [
            {
                "processor": answer.processor,
                "status": answer.status,
                "detail": answer.detail,
                "answered_at": answer.answered_at,
            }
            for answer in deletion.answers
        ],
    }
