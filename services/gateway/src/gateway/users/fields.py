"""The fields that requests about users have in common."""

from typing import Annotated

from pydantic import AfterValidator, Field

from common.link_tokens import TOKEN_LENGTH
from gateway.users.rules import EMAIL_LENGTH_MAX, PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN, normalise_email

Email = Annotated[
    str,
    AfterValidator(normalise_email),
    Field(max_length=EMAIL_LENGTH_MAX, json_schema_extra={"format": "email"}, examples=["ada@example.com"]),
]
AnyEmail = Annotated[str, Field(max_length=EMAIL_LENGTH_MAX, json_schema_extra={"format": "email"})]
"""An address to look up: what no account could have is answered like what no account has."""
NewPassword = Annotated[
    str,
    Field(
        min_length=PASSWORD_LENGTH_MIN,
        max_length=PASSWORD_LENGTH_MAX,
        json_schema_extra={"format": "password"},
        examples=["correct horse battery"],
        description="Anything but the e-mail address.",
    ),
]
Password = Annotated[str, Field(max_length=PASSWORD_LENGTH_MAX, json_schema_extra={"format": "password"})]
LinkToken = Annotated[
    str, Field(max_length=TOKEN_LENGTH, description="What follows `#token=` in the link.", examples=["atl_link_…"])
]
