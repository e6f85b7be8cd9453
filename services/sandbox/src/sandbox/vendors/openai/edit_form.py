"""Reads the multipart form of an edit as strictly as OpenAI does: names, file types, sizes, what goes with a model."""

from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from sandbox.vendors.openai.errors import OpenAIError

SOURCES_MAX = 16
SOURCE_BYTES_MAX = 50 * 1024 * 1024
MASK_BYTES_MAX = 4 * 1024 * 1024
_MEDIA_TYPES = ("image/jpeg", "image/png", "image/webp")
_FIELDS = frozenset(
    {
        "background",
        "input_fidelity",
        "model",
        "moderation",
        "n",
        "output_compression",
        "output_format",
        "partial_images",
        "prompt",
        "quality",
        "safety_identifier",
        "size",
        "stream",
        "user",
    }
)
_FAITHFUL_MODELS = {"gpt-image-1.5": ("high", "low"), "gpt-image-1-mini": ("low",)}


async def read_edit_form(request: Request) -> tuple[dict[str, Any], list[bytes]]:
    """The text fields and the pictures of an edit.

    Raises:
        OpenAIError: what OpenAI would refuse.
    """
    async with request.form(max_files=SOURCES_MAX + 2) as form:
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        sources = await _sources(form)
        mask = form.get("mask")
        if isinstance(mask, UploadFile):
            _check_type("mask", mask)
            if (mask.size or 0) > MASK_BYTES_MAX:
                raise OpenAIError(413, "The mask is larger than 4 MB.", code="image_too_large", param="mask")
    unknown = sorted(set(fields) - _FIELDS)
    if unknown:
        raise OpenAIError(400, f"Unknown parameter: '{unknown[0]}'.", code="unknown_parameter", param=unknown[0])
    _check_fidelity(fields)
    return fields, sources


async def _sources(form: FormData) -> list[bytes]:
    one, several = form.getlist("image"), form.getlist("image[]")
    uploads = [upload for upload in (*one, *several) if isinstance(upload, UploadFile)]
    if not uploads:
        raise OpenAIError(400, "Missing required parameter: 'image'.", code="missing_required_parameter", param="image")
    if len(one) > 1:
        message = "Duplicate parameter: 'image'. You provided multiple values for this parameter, whereas only one is"
        raise OpenAIError(400, f"{message} allowed. Use 'image[]' instead.", code="duplicate_parameter", param="image")
    if len(uploads) > SOURCES_MAX:
        message = f"Invalid 'image': array too long. At most {SOURCES_MAX} images."
        raise OpenAIError(400, message, code="array_above_max_length", param="image")
    for upload in uploads:
        _check_type("image", upload)
        if (upload.size or 0) > SOURCE_BYTES_MAX:
            raise OpenAIError(413, "The image is larger than 50 MB.", code="image_too_large", param="image")
    return [await upload.read() for upload in uploads]


def _check_type(name: str, upload: UploadFile) -> None:
    media_type = upload.content_type or "application/octet-stream"
    if media_type not in _MEDIA_TYPES:
        message = f"Invalid file '{name}': unsupported mimetype ('{media_type}'). Supported file formats are "
        raise OpenAIError(
            400, message + "'image/jpeg', 'image/png', and 'image/webp'.", code="unsupported_file_mimetype", param=name
        )


def _check_fidelity(fields: dict[str, Any]) -> None:
    wanted = fields.get("input_fidelity")
    if wanted is None:
        return
    model = str(fields.get("model"))
    if wanted not in _FAITHFUL_MODELS.get(model, ()):
        message = f"The model '{model}' does not support the 'input_fidelity' parameter."
        raise OpenAIError(
            400,
            message,
            kind="image_generation_user_error",
            code="invalid_input_fidelity_model",
            param="input_fidelity",
        )
