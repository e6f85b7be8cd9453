"""The table of request limits."""

from sqlalchemy import CheckConstraint, Column, Integer, Table, Text

from gateway.tables import metadata

request_limits = Table(
    "request_limits",
    metadata,
    Column("policy", Text, primary_key=True),
    Column("per_account", Integer),
    Column("per_user", Integer),
    Column("per_key", Integer),
    Column("per_network", Integer),
    CheckConstraint(
        "least(per_account, per_user, per_key, per_network) > 0",
        name="positive",
    ),
)
