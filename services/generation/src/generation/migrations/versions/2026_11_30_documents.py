"""Quotes and invoices with their numbers, and how many mails went to clients."""

from alembic import op

revision = "0011_documents"
down_revision = "0010_lost_workers"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE document_counters (
        account_id uuid NOT NULL,
        series text NOT NULL,
        year integer NOT NULL,
        last integer NOT NULL DEFAULT 0,
        CONSTRAINT pk_document_counters PRIMARY KEY (account_id, series, year),
        CONSTRAINT ck_document_counters_series CHECK (series IN ('quote', 'invoice')),
        CONSTRAINT ck_document_counters_last CHECK (last >= 0)
    )
    """,
    """
    CREATE TABLE quotes (
        quote_id uuid NOT NULL,
        account_id uuid NOT NULL,
        year integer NOT NULL,
        sequence integer NOT NULL,
        number text NOT NULL,
        issued_on date NOT NULL,
        content jsonb,
        pdf jsonb,
        mailed_to text,
        created_at timestamptz NOT NULL DEFAULT now(),
        accepted_at timestamptz,
        CONSTRAINT pk_quotes PRIMARY KEY (quote_id),
        CONSTRAINT uq_quotes_account_id_year_sequence UNIQUE (account_id, year, sequence),
        CONSTRAINT ck_quotes_sequence CHECK (sequence > 0)
    )
    """,
    """
    CREATE TABLE invoices (
        invoice_id uuid NOT NULL,
        account_id uuid NOT NULL,
        quote_id uuid NOT NULL,
        year integer NOT NULL,
        sequence integer NOT NULL,
        number text NOT NULL,
        issued_on date NOT NULL,
        due_on date NOT NULL,
        gross_minor bigint NOT NULL,
        currency text NOT NULL,
        content jsonb,
        pdf jsonb,
        mailed_to text,
        payable boolean NOT NULL,
        pay_token text NOT NULL,
        payment_url text,
        created_at timestamptz NOT NULL DEFAULT now(),
        paid_at timestamptz,
        CONSTRAINT pk_invoices PRIMARY KEY (invoice_id),
        CONSTRAINT fk_invoices_quote_id_quotes FOREIGN KEY (quote_id) REFERENCES quotes (quote_id),
        CONSTRAINT uq_invoices_quote_id UNIQUE (quote_id),
        CONSTRAINT uq_invoices_pay_token UNIQUE (pay_token),
        CONSTRAINT uq_invoices_account_id_year_sequence UNIQUE (account_id, year, sequence),
        CONSTRAINT ck_invoices_sequence CHECK (sequence > 0),
        CONSTRAINT ck_invoices_gross_minor CHECK (gross_minor >= 0)
    )
    """,
    """
    CREATE TABLE client_mails (
        account_id uuid NOT NULL,
        day date NOT NULL,
        sent integer NOT NULL,
        CONSTRAINT pk_client_mails PRIMARY KEY (account_id, day)
    )
    """,
)


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
