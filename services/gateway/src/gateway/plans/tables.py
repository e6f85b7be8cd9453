"""The table of plans."""

from sqlalchemy import CheckConstraint, Column, Integer, Table, Text

from gateway.tables import metadata

plans = Table(
    "plans",
    metadata,
    Column("plan", Text, primary_key=True),
    Column("submissions_per_minute", Integer, nullable=False),
    Column("jobs_per_day", Integer, nullable=False),
    Column("jobs_in_flight", Integer, nullable=False),
    Column("weight", Integer, nullable=False),
    Column("submissions_per_user", Integer),
    Column("submissions_per_key", Integer),
    Column("accounts_per_network", Integer),
    CheckConstraint(
        "submissions_per_minute > 0 AND jobs_per_day > 0 AND jobs_in_flight > 0 AND weight > 0",
        name="positive",
    ),
    CheckConstraint("least(submissions_per_user, submissions_per_key, accounts_per_network) > 0", name="shares"),
)
