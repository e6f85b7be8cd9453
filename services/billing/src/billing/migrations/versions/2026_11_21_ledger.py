"""The ledger: journal, balances, lots, holds, and what the database itself guards."""

from alembic import op

revision = "0002_ledger"
down_revision = "0001_kernel"
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE transfers (
    transfer_id uuid NOT NULL,
    kind text NOT NULL,
    reference text NOT NULL,
    account_id uuid NOT NULL,
    job_id uuid,
    memo text NOT NULL,
    occurred_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_transfers PRIMARY KEY (transfer_id),
    CONSTRAINT uq_transfers_kind_reference UNIQUE (kind, reference),
    CONSTRAINT ck_transfers_kind CHECK (kind IN ('grant', 'hold', 'capture', 'release', 'expiry', 'clawback'))
);
CREATE INDEX ix_transfers_account_id_transfer_id ON transfers (account_id, transfer_id);
CREATE UNIQUE INDEX uq_transfers_settlement ON transfers (job_id) WHERE kind IN ('capture', 'release');

CREATE TABLE entries (
    transfer_id uuid NOT NULL,
    line smallint NOT NULL,
    book text NOT NULL,
    account_id uuid,
    amount_credits bigint NOT NULL,
    balance_after_credits bigint,
    CONSTRAINT pk_entries PRIMARY KEY (transfer_id, line),
    CONSTRAINT fk_entries_transfer_id_transfers FOREIGN KEY (transfer_id) REFERENCES transfers (transfer_id),
    CONSTRAINT ck_entries_amount_not_zero CHECK (amount_credits <> 0),
    CONSTRAINT ck_entries_customer_books CHECK ((book IN ('available', 'held', 'debt')) = (account_id IS NOT NULL)),
    CONSTRAINT ck_entries_book CHECK (book IN ('available', 'held', 'debt', 'purchases', 'promotions', 'subscriptions',
        'adjustments', 'revenue', 'expired', 'refunds', 'goodwill'))
);
CREATE INDEX ix_entries_account_id_book ON entries (account_id, book) WHERE account_id IS NOT NULL;

CREATE TABLE balances (
    account_id uuid NOT NULL,
    available_credits bigint NOT NULL DEFAULT 0,
    held_credits bigint NOT NULL DEFAULT 0,
    debt_credits bigint NOT NULL DEFAULT 0,
    version bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_balances PRIMARY KEY (account_id),
    CONSTRAINT ck_balances_available_not_negative CHECK (available_credits >= 0),
    CONSTRAINT ck_balances_held_not_negative CHECK (held_credits >= 0),
    CONSTRAINT ck_balances_debt_not_negative CHECK (debt_credits >= 0)
) WITH (fillfactor = 50);

CREATE TABLE lots (
    lot_id uuid NOT NULL,
    account_id uuid NOT NULL,
    source text NOT NULL,
    reference text NOT NULL,
    granted_credits bigint NOT NULL,
    remaining_credits bigint NOT NULL,
    expires_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_lots PRIMARY KEY (lot_id),
    CONSTRAINT fk_lots_account_id_balances FOREIGN KEY (account_id) REFERENCES balances (account_id),
    CONSTRAINT uq_lots_source_reference UNIQUE (source, reference),
    CONSTRAINT ck_lots_granted_positive CHECK (granted_credits > 0),
    CONSTRAINT ck_lots_remaining_in_range CHECK (remaining_credits BETWEEN 0 AND granted_credits),
    CONSTRAINT ck_lots_source CHECK (source IN ('purchase', 'promotion', 'subscription', 'adjustment'))
) WITH (fillfactor = 70);
CREATE INDEX ix_lots_open ON lots (account_id) WHERE remaining_credits > 0;

CREATE TABLE holds (
    hold_id uuid NOT NULL,
    job_id uuid NOT NULL,
    account_id uuid NOT NULL,
    amount_credits bigint NOT NULL,
    captured_credits bigint NOT NULL DEFAULT 0,
    state text NOT NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz,
    CONSTRAINT pk_holds PRIMARY KEY (hold_id),
    CONSTRAINT fk_holds_account_id_balances FOREIGN KEY (account_id) REFERENCES balances (account_id),
    CONSTRAINT uq_holds_job_id UNIQUE (job_id),
    CONSTRAINT ck_holds_amount_not_negative CHECK (amount_credits >= 0),
    CONSTRAINT ck_holds_captured_in_range CHECK (captured_credits BETWEEN 0 AND amount_credits),
    CONSTRAINT ck_holds_state CHECK (state IN ('held', 'captured', 'released')),
    CONSTRAINT ck_holds_settled CHECK ((state = 'held') = (settled_at IS NULL))
);
CREATE INDEX ix_holds_open ON holds (account_id) WHERE state = 'held';

CREATE TABLE hold_lots (
    hold_id uuid NOT NULL,
    lot_id uuid NOT NULL,
    amount_credits bigint NOT NULL,
    CONSTRAINT pk_hold_lots PRIMARY KEY (hold_id, lot_id),
    CONSTRAINT fk_hold_lots_hold_id_holds FOREIGN KEY (hold_id) REFERENCES holds (hold_id),
    CONSTRAINT fk_hold_lots_lot_id_lots FOREIGN KEY (lot_id) REFERENCES lots (lot_id),
    CONSTRAINT ck_hold_lots_amount_positive CHECK (amount_credits > 0)
);
"""

_GUARDS = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER transfers_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON transfers
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE unbalanced uuid;
BEGIN
    SELECT transfer_id INTO unbalanced FROM added GROUP BY transfer_id HAVING sum(amount_credits) <> 0 LIMIT 1;
    IF unbalanced IS NOT NULL THEN
        RAISE EXCEPTION 'transfer % does not sum to zero', unbalanced USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER entries_balanced AFTER INSERT ON entries
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION refuse_unbalanced();
"""

_AUDIT = """
CREATE FUNCTION ledger_audit() RETURNS TABLE (invariant text, subject text, detail text) LANGUAGE sql STABLE AS $$
    SELECT 'transfer_sums_to_zero', transfer_id::text, sum(amount_credits)::text
    FROM entries GROUP BY transfer_id HAVING sum(amount_credits) <> 0
  UNION ALL
    SELECT 'ledger_sums_to_zero', 'all', sum(amount_credits)::text FROM entries HAVING sum(amount_credits) <> 0
  UNION ALL
    SELECT 'transfer_has_entries', transfer_id::text, kind FROM transfers
    WHERE NOT EXISTS (SELECT FROM entries WHERE entries.transfer_id = transfers.transfer_id)
  UNION ALL
    SELECT 'balance_is_sum_of_entries', coalesce(b.account_id, e.account_id)::text,
           format('balance %s/%s/%s entries %s/%s/%s', b.available_credits, b.held_credits, b.debt_credits,
                  e.available, e.held, e.debt)
    FROM balances AS b FULL JOIN (
        SELECT account_id,
               coalesce(sum(amount_credits) FILTER (WHERE book = 'available'), 0) AS available,
               coalesce(sum(amount_credits) FILTER (WHERE book = 'held'), 0) AS held,
               -coalesce(sum(amount_credits) FILTER (WHERE book = 'debt'), 0) AS debt
        FROM entries WHERE account_id IS NOT NULL GROUP BY account_id
    ) AS e ON e.account_id = b.account_id
    WHERE coalesce(b.available_credits, 0) <> coalesce(e.available, 0)
       OR coalesce(b.held_credits, 0) <> coalesce(e.held, 0)
       OR coalesce(b.debt_credits, 0) <> coalesce(e.debt, 0)
  UNION ALL
    SELECT 'version_counts_transfers', b.account_id::text, format('version %s transfers %s', b.version, t.posted)
    FROM balances AS b
    LEFT JOIN (SELECT account_id, count(*) AS posted FROM transfers GROUP BY account_id) AS t USING (account_id)
    WHERE b.version <> coalesce(t.posted, 0)
  UNION ALL
    SELECT 'held_is_sum_of_open_holds', b.account_id::text, format('held %s holds %s', b.held_credits, h.held)
    FROM balances AS b
    LEFT JOIN (SELECT account_id, sum(amount_credits) AS held FROM holds WHERE state = 'held' GROUP BY account_id) AS h
        USING (account_id)
    WHERE b.held_credits <> coalesce(h.held, 0)
  UNION ALL
    SELECT 'hold_is_sum_of_its_lots', h.hold_id::text, format('hold %s lots %s', h.amount_credits, l.taken)
    FROM holds AS h
    LEFT JOIN (SELECT hold_id, sum(amount_credits) AS taken FROM hold_lots GROUP BY hold_id) AS l USING (hold_id)
    WHERE h.amount_credits <> coalesce(l.taken, 0)
  UNION ALL
    SELECT 'available_is_sum_of_lots', b.account_id::text, format('available %s lots %s', b.available_credits, l.rest)
    FROM balances AS b
    LEFT JOIN (SELECT account_id, sum(remaining_credits) AS rest FROM lots GROUP BY account_id) AS l USING (account_id)
    WHERE b.available_credits <> coalesce(l.rest, 0)
  UNION ALL
    SELECT 'lot_has_one_grant', l.lot_id::text, format('%s:%s', l.source, l.reference)
    FROM lots AS l
    LEFT JOIN transfers AS t ON t.kind = 'grant' AND t.reference = l.source || ':' || l.reference
    WHERE t.transfer_id IS NULL
  UNION ALL
    SELECT 'settled_hold_has_one_settlement', h.hold_id::text, h.state
    FROM holds AS h
    LEFT JOIN transfers AS t ON t.job_id = h.job_id AND t.kind IN ('capture', 'release')
    WHERE h.amount_credits > 0 AND (h.state = 'held') <> (t.transfer_id IS NULL)
  UNION ALL
    SELECT 'captured_is_revenue', 'all', format('holds %s revenue %s', h.captured, e.revenue)
    FROM (SELECT coalesce(sum(captured_credits), 0) AS captured FROM holds) AS h,
         (SELECT coalesce(sum(amount_credits), 0) AS revenue FROM entries WHERE book = 'revenue') AS e
    WHERE h.captured <> e.revenue
  UNION ALL
    SELECT 'no_hold_outlives_its_expiry', hold_id::text, expires_at::text
    FROM holds WHERE state = 'held' AND expires_at < now() - interval '10 minutes'
$$;
"""


def upgrade() -> None:
    """Apply."""
    for script in (_TABLES, _GUARDS, _AUDIT):
        for statement in _statements(script):
            op.execute(statement)


def _statements(script: str) -> list[str]:
    """Split at the semicolons that end a line outside of `$$` bodies: the driver takes one statement at a time."""
    statements, current, in_body = [], [], False
    for line in script.splitlines():
        in_body ^= line.count("$$") % 2 == 1
        current.append(line)
        if line.endswith(";") and not in_body:
            statements.append("\n".join(current))
            current = []
    return statements
