"""The audit looks at single rows too: two rows that are wrong by the same amount leave every sum right."""

from alembic import op

revision = "0009_ledger_audit_rows"
down_revision = "0008_ledger_conflicts"
branch_labels = None
depends_on = None

_ROWS = """
CREATE FUNCTION ledger_audit_rows() RETURNS TABLE (invariant text, subject text, detail text)
LANGUAGE sql STABLE AS $$
    -- A lot is as large as the grant that made it, in the account it was granted to.
    SELECT 'lot_is_as_large_as_its_grant', found.* FROM (
        SELECT l.lot_id::text, format('lot %s grant %s', l.granted_credits, g.granted)
        FROM lots AS l LEFT JOIN (
            SELECT t.reference, t.account_id, sum(e.amount_credits) AS granted
            FROM transfers AS t JOIN entries AS e USING (transfer_id)
            WHERE t.kind = 'grant' AND e.account_id = t.account_id
            GROUP BY t.reference, t.account_id
        ) AS g ON g.reference = l.source || ':' || l.reference AND g.account_id = l.account_id
        WHERE l.granted_credits IS DISTINCT FROM g.granted
    ) AS found
  UNION ALL
    -- Each grant made a lot.
    SELECT 'grant_has_one_lot', found.* FROM (
        SELECT t.transfer_id::text, t.reference FROM transfers AS t
        WHERE t.kind = 'grant' AND NOT EXISTS (SELECT FROM lots AS l WHERE l.source || ':' || l.reference = t.reference)
    ) AS found
  UNION ALL
    -- The balances written beside the entries form one chain from 0 to today's balance, whatever the order of the ids:
    -- every balance that was left is the one that the next entry found.
    SELECT 'balances_after_form_a_chain', found.* FROM (
        WITH chain AS (
            SELECT account_id, book, balance_after_credits - amount_credits AS balance, 1 AS found
            FROM entries WHERE account_id IS NOT NULL
          UNION ALL
            SELECT account_id, book, balance_after_credits, -1 FROM entries WHERE account_id IS NOT NULL
          UNION ALL
            SELECT account_id, book, 0, -1 FROM balances CROSS JOIN unnest(ARRAY['available', 'held', 'debt']) AS book
          UNION ALL
            SELECT account_id, book, balance, 1 FROM balances CROSS JOIN LATERAL (VALUES
                ('available', available_credits), ('held', held_credits), ('debt', -debt_credits)
            ) AS today (book, balance)
        )
        SELECT format('%s %s', account_id, book), format('balance %s found and left %s times', balance, sum(found))
        FROM chain GROUP BY account_id, book, balance HAVING sum(found) <> 0
    ) AS found
  UNION ALL
    -- No balance was ever negative, nor was the customer ever owed debt; the house's books have none.
    SELECT 'no_balance_was_ever_negative', found.* FROM (
        SELECT transfer_id::text, format('%s %s', book, balance_after_credits) FROM entries
        WHERE (account_id IS NULL) <> (balance_after_credits IS NULL)
           OR (book IN ('available', 'held') AND balance_after_credits < 0)
           OR (book = 'debt' AND balance_after_credits > 0)
    ) AS found
  UNION ALL
    -- Customers' entries are in the account of their transfer.
    SELECT 'entry_is_of_its_transfers_account', found.* FROM (
        SELECT transfer_id::text, e.account_id::text FROM entries AS e JOIN transfers AS t USING (transfer_id)
        WHERE e.account_id <> t.account_id
    ) AS found
  UNION ALL
    -- Each hold set aside exactly its amount, and its settlement took exactly that and charged what the hold says.
    SELECT 'hold_is_what_was_posted', found.* FROM (
        SELECT h.hold_id::text, format('%s amount %s captured %s, posted %s, settled %s, revenue %s', h.state,
               h.amount_credits, h.captured_credits, p.placed, p.settled, p.revenue)
        FROM holds AS h LEFT JOIN (
            SELECT t.job_id,
                   sum(e.amount_credits) FILTER (WHERE t.kind = 'hold' AND e.book = 'held') AS placed,
                   -sum(e.amount_credits) FILTER (WHERE t.kind <> 'hold' AND e.book = 'held') AS settled,
                   sum(e.amount_credits) FILTER (WHERE t.kind = 'capture' AND e.book = 'revenue') AS revenue
            FROM transfers AS t JOIN entries AS e USING (transfer_id) WHERE t.job_id IS NOT NULL GROUP BY t.job_id
        ) AS p USING (job_id)
        WHERE h.amount_credits <> coalesce(p.placed, 0)
           OR coalesce(p.settled, 0) <> CASE WHEN h.state = 'held' THEN 0 ELSE h.amount_credits END
           OR h.captured_credits <> coalesce(p.revenue, 0)
           OR (h.state <> 'captured' AND h.captured_credits > 0)
    ) AS found
  UNION ALL
    -- What is noted as taken back of a payment is what was posted: clawbacks less reinstatements.
    SELECT 'reversal_is_what_was_posted', found.* FROM (
        SELECT r.lot_reference, format('noted %s posted %s', r.taken_back_credits, p.taken_back)
        FROM payment_reversals AS r CROSS JOIN LATERAL (
            SELECT coalesce(sum(e.amount_credits), 0) AS taken_back
            FROM transfers AS t JOIN entries AS e USING (transfer_id)
            WHERE (t.kind = 'clawback' AND e.book = 'refunds' AND t.reference LIKE r.lot_reference || ':%')
               OR (t.kind = 'grant' AND e.book = 'purchases'
                   AND t.reference LIKE 'purchase:' || r.lot_reference || ':reinstated:%')
        ) AS p
        WHERE r.taken_back_credits <> p.taken_back
    ) AS found
$$
"""
_STATEMENTS = (
    "ALTER FUNCTION ledger_audit() RENAME TO ledger_audit_sums",
    _ROWS,
    """
    CREATE FUNCTION ledger_audit() RETURNS TABLE (invariant text, subject text, detail text)
    LANGUAGE sql STABLE AS $$
        SELECT * FROM ledger_audit_sums() UNION ALL SELECT * FROM ledger_audit_rows()
    $$
    """,
)


def upgrade() -> None:
    """Apply."""
    for statement in _STATEMENTS:
        op.execute(statement)
