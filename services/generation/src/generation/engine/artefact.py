"""What a finished piece of work looks like to those who asked for it."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field


class ImageArtefact(BaseModel):
    """An image in artefact storage.

    `url` is signed: it works for whoever has it, and for nobody who guesses, until `url_expires_at`. The job's
    artefacts (`GET /v1/jobs/{id}/artefacts`) are signed anew whenever they are asked for.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    version: int
    url: str
    url_expires_at: datetime | None = None
    media_type: str
    width: int
    height: int
    size_bytes: int


class FileArtefact(BaseModel):
    """A file that is no picture, in artefact storage; `url` as for an image."""

    model_config = ConfigDict(frozen=True)

    id: str
    version: int
    url: str
    url_expires_at: datetime | None = None
    media_type: str
    size_bytes: int
    mailed: bool = Field(default=False, description="Whether it goes along with the mail about it, if small enough.")


class PixelSize(BaseModel):
    """A size in pixels."""

    model_config = ConfigDict(frozen=True)

    width: int
    height: int
