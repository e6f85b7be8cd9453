"""How kinds take a picture: by the id of an uploaded asset or by an address, exactly one of the two."""

from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator
from pydantic.config import JsonDict
from pydantic.json_schema import SkipJsonSchema

from generation.kinds.kind import KindInput

IMAGE_URL_LENGTH_MAX = 2000
_MEMBERS = ("asset_id", "image_url")

AssetId = Annotated[str, StringConstraints(pattern=r"^ast_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
ImageUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s\\]+$", max_length=IMAGE_URL_LENGTH_MAX)]


def _say_exactly_one(schema: JsonDict) -> None:
    """JSON Schema's word for it. The members lose their default, for `null` is no value of theirs."""
    schema["oneOf"] = [{"required": [name]} for name in _MEMBERS]
    properties = schema.get("properties")
    if isinstance(properties, dict):
        for name in _MEMBERS:
            member = properties.get(name)
            if isinstance(member, dict):
                member.pop("default", None)


class ImageInput(KindInput):
    """Base of inputs with one picture; `await job.input_image(request)` brings it.

    A subclass that sets `json_schema_extra` of its own loses the "exactly one" in its schema.
    """

    model_config = ConfigDict(json_schema_extra=_say_exactly_one)

    asset_id: AssetId | SkipJsonSchema[None] = Field(default=None, description="A picture from `POST /v1/assets`.")
    image_url: ImageUrl | SkipJsonSchema[None] = Field(
        default=None, description="Where the picture is fetched from: a public http or https address."
    )

    @model_validator(mode="before")
    @classmethod
    def _read_back(cls, value: Any) -> Any:
        """A member that is null is one that was not given: what was dumped can be read again."""
        if not isinstance(value, dict):
            return value
        return {name: member for name, member in value.items() if not (name in _MEMBERS and member is None)}

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.asset_id is None) == (self.image_url is None):
            raise ValueError("give exactly one of asset_id and image_url")
        return self
