"""The safeguards that `scripts/mutants.py` takes away one at a time, and the tests that must notice."""

from dataclasses import dataclass

_LEDGER = "services/billing/src/billing/migrations/versions/2026_11_21_ledger.py"
_GUARDS = "services/billing/tests/ledger/test_guards.py::test_the_database_refuses"
_WEBHOOK = "services/billing/tests/stripe/test_webhook.py"
_SIGNATURE = "services/billing/tests/stripe/test_signature.py"
_SIGNATURE_SOURCE = "services/billing/src/billing/stripe/signature.py"
_IDENTITY = "libs/common/src/common/http/identity.py"
_IDENTITY_TESTS = "libs/common/tests/http/test_identity.py"
_LOST = "services/generation/tests/providers/test_router_lost.py"
_REFRESH_TESTS = "services/gateway/tests/sessions/test_refresh.py"


@dataclass(frozen=True, slots=True)
class Mutation:
    """One safeguard less: `anchor` stands exactly once in `file` and gives way to `instead`."""

    name: str
    file: str
    anchor: str
    instead: str
    tests: tuple[str, ...]


MUTATIONS = (
    Mutation(
        "unique-hold",
        _LEDGER,
        "    CONSTRAINT uq_holds_job_id UNIQUE (job_id),\n",
        "",
        (f"{_GUARDS}[statement-uq_holds_job_id]",),
    ),
    Mutation(
        "one-settlement-a-job",
        _LEDGER,
        "CREATE UNIQUE INDEX uq_transfers_settlement ON transfers (job_id)",
        "CREATE INDEX uq_transfers_settlement ON transfers (job_id)",
        (f"{_GUARDS}[statement-uq_transfers_settlement]",),
    ),
    Mutation(
        "available-not-negative",
        _LEDGER,
        "    CONSTRAINT ck_balances_available_not_negative CHECK (available_credits >= 0),\n",
        "",
        (f"{_GUARDS}[statement-available_not_negative]",),
    ),
    Mutation(
        "append-only-entries",
        _LEDGER,
        "BEFORE UPDATE OR DELETE OR TRUNCATE ON entries",
        "BEFORE TRUNCATE ON entries",
        (f"{_GUARDS}[statement-entries is append-only0]", f"{_GUARDS}[statement-entries is append-only1]"),
    ),
    Mutation(
        "balanced-transfers",
        _LEDGER,
        "    IF unbalanced IS NOT NULL THEN\n",
        "    IF false THEN\n",
        (
            f"{_GUARDS}[statement-does not sum to zero]",
            "services/billing/tests/ledger/test_guards.py::test_lines_must_balance_within_their_statement",
        ),
    ),
    Mutation(
        "what-was-read-has-changed",
        "services/billing/src/billing/ledger/storage.py",
        "SELECT account_id FROM balances JOIN expected USING (account_id, version)",
        "SELECT account_id FROM balances JOIN expected USING (account_id)",
        (
            "services/billing/tests/ledger/test_two_writers.py",
            "services/billing/tests/ledger/test_hold_races.py",
        ),
    ),
    Mutation(
        "all-that-is-due-is-written",
        "services/billing/src/billing/migrations/versions/2026_11_21_ledger_conflicts.py",
        "IF settled <> settled_due OR balances <> balances_due THEN",
        "IF false THEN",
        (
            "services/billing/tests/ledger/test_two_writers.py",
            "services/billing/tests/ledger/test_hold_races.py",
        ),
    ),
    Mutation(
        "settled-once",
        "services/billing/src/billing/ledger/rules.py",
        'if hold is None or hold.state != "held":',
        "if hold is None:",
        (
            "services/billing/tests/ledger/test_rules_model.py",
            "services/billing/tests/ledger/test_hold_races.py"
            "::test_of_capture_release_and_expiry_at_once_exactly_one_wins",
        ),
    ),
    Mutation(
        "debt-blocks-holds",
        "services/billing/src/billing/ledger/rules.py",
        "if account.debt > 0 and request.amount > 0:",
        "if account.debt > CREDITS_MAX and request.amount > 0:",
        ("services/billing/tests/ledger/test_rules.py", "services/billing/tests/ledger/test_reversals.py"),
    ),
    Mutation(
        "reversals-only-grow",
        "services/billing/src/billing/ledger/reversals.py",
        "SET reversed_minor = greatest(reversed_minor, :reversed),",
        "SET reversed_minor = CAST(:reversed AS bigint),",
        (
            "services/billing/tests/stripe/test_permutations.py"
            "::test_every_order_of_answers_that_grew_old_ends_in_one_balance",
        ),
    ),
    Mutation(
        "inbox",
        "libs/common/src/common/db/unit_of_work.py",
        "return set(result.scalars())",
        "return {*result.scalars(), *event_ids}",
        (
            "libs/common/tests/db/test_unit_of_work.py::test_the_inbox_admits_each_event_once",
            "libs/common/tests/bus/test_consumer.py::test_a_commit_whose_answer_is_lost_has_one_effect",
        ),
    ),
    Mutation(
        "outbox-in-the-transaction",
        "libs/common/src/common/db/database.py",
        "            records = await uow.flush()\n            await transaction.commit()\n",
        "            await transaction.commit()\n            records = []\n",
        ("libs/common/tests/db/test_unit_of_work.py::test_state_and_events_commit_together",),
    ),
    Mutation(
        "stripe-event-handled-once",
        "services/billing/src/billing/stripe/storage.py",
        '"SELECT event_id FROM stripe_events WHERE event_id = :event_id AND handled_at IS NULL FOR UPDATE"',
        '"SELECT event_id FROM stripe_events WHERE event_id = :event_id"',
        ("services/billing/tests/stripe/test_inbox.py::test_a_second_worker_with_the_same_event_finds_it_handled",),
    ),
    Mutation(
        "webhook-signature",
        _SIGNATURE_SOURCE,
        "if not any(self._is_signed(body, header, secret) for secret in self._secrets):",
        "if not self._secrets:",
        (f"{_WEBHOOK}::test_refuses_what_stripe_did_not_send_and_keeps_no_row",),
    ),
    Mutation(
        "webhook-from-the-future",
        _SIGNATURE_SOURCE,
        "if abs(_timestamp(header) - time.time()) > TOLERANCE_SECONDS:",
        "if time.time() - _timestamp(header) > TOLERANCE_SECONDS:",
        (f"{_SIGNATURE}::test_refuses_what_was_signed_too_long_ago_or_in_the_future",),
    ),
    Mutation(
        "webhook-of-a-connected-account",
        _SIGNATURE_SOURCE,
        "if event.account is not None:",
        "if event.account == event.id:",
        (f"{_WEBHOOK}::test_refuses_and_counts_what_is_about_somebody_else_s_money",),
    ),
    Mutation(
        "an-older-look-overwrites-nothing",
        "services/billing/src/billing/subscriptions/storage.py",
        "    WHERE known.read_number < excluded.read_number\n",
        "    WHERE known.read_number IS NOT NULL\n",
        ("services/billing/tests/subscriptions/test_orders_of_events.py::test_an_older_look_cannot_undo_an_end",),
    ),
    Mutation(
        "a-refund-is-told-once",
        "services/billing/src/billing/orders/refund_storage.py",
        "WHERE order_id = :order_id AND refund_told_minor < :amount",
        "WHERE order_id = :order_id AND refund_told_minor <= :amount",
        ("services/billing/tests/orders/test_refunds_by_hand.py",),
    ),
    Mutation(
        "an-adjustment-is-made-once",
        "services/billing/src/billing/adjustments/making.py",
        "    if known is not None:\n",
        "    if known is not None and not known:\n",
        ("services/billing/tests/ledger/test_adjustments.py",),
    ),
    Mutation(
        "one-grant-a-payment",
        _LEDGER,
        "    CONSTRAINT uq_lots_source_reference UNIQUE (source, reference),\n",
        "",
        (f"{_GUARDS}[statement-uq_lots_source_reference]",),
    ),
    Mutation(
        "idempotency-key-body",
        "services/gateway/src/gateway/jobs/storage.py",
        "if row.request_hash != submission.request_hash:",
        "if row.request_hash is None:",
        (
            "services/gateway/tests/jobs/test_accepting.py::test_a_key_with_another_body_is_refused_and_names_its_job",
            "services/gateway/tests/jobs/test_key_races.py::test_the_database_alone_decides_which_body_has_the_key",
        ),
    ),
    Mutation(
        "fencing-token",
        "services/generation/src/generation/runs/lease.py",
        "\"SELECT 1 FROM runs WHERE job_id = :job_id AND attempt = :token AND state = 'running' FOR UPDATE\"",
        "\"SELECT 1 FROM runs WHERE job_id = :job_id AND attempt >= :token AND state = 'running' FOR UPDATE\"",
        (
            "services/generation/tests/runs/test_leases.py::test_a_stale_write_is_refused_and_counted",
            "services/generation/tests/runs/test_clocks.py",
        ),
    ),
    Mutation(
        "completing-token",
        "services/generation/src/generation/runs/outcome.py",
        "runs.attempt = ended.token AND runs.state = 'running'",
        "runs.attempt >= ended.token AND runs.state = 'running'",
        ("services/generation/tests/runs/test_leases.py::test_a_stale_write_is_refused_and_counted",),
    ),
    Mutation(
        "paid-for-nothing-once-more",
        "services/generation/src/generation/providers/chain_run.py",
        "lost = error.billable_unknown or bool(error.cost_microusd)",
        "lost = error.billable_unknown",
        (f"{_LOST}::test_openai_is_paid_once_more_at_most_and_every_payment_is_booked",),
    ),
    Mutation(
        "useless-is-not-bought-again",
        "services/generation/src/generation/providers/replicate_images.py",
        "code=code, repeatable=error.repeatable)",
        "code=code)",
        (f"{_LOST}::test_replicate_is_asked_for_a_prediction_exactly_as_often_as_said",),
    ),
    Mutation(
        "effect-after-cause",
        "libs/common/src/common/bus/reader.py",
        "bound = min(ends.values(), default=None)",
        "bound = None",
        ("libs/common/tests/bus/test_reader.py",),
    ),
    Mutation(
        "public-addresses-only",
        "libs/common/src/common/http/addresses.py",
        "        return _is_public_4(address.ipv4_mapped)\n",
        "        return True\n",
        ("libs/common/tests/http/test_addresses.py::test_refuses",),
    ),
    Mutation(
        "resolved-addresses-are-checked",
        "libs/common/src/common/http/public_network.py",
        "not all(map(is_public, addresses)):",
        "not any(map(is_public, addresses)):",
        ("libs/common/tests/http/test_outbound.py::test_refuses_a_name_with_one_private_address_among_public_ones",),
    ),
    Mutation(
        "token-audience",
        _IDENTITY,
        "audience=self._purpose.audience,",
        'audience=[_ACCESS.audience, _IDENTITY.audience, "atelier-elsewhere"],',
        (f"{_IDENTITY_TESTS}::test_whatever_is_malformed_is_unauthorized",),
    ),
    Mutation(
        "token-signature",
        _IDENTITY,
        '                        "require": _REQUIRED,\n',
        '                        "require": _REQUIRED,\n                        "verify_signature": False,\n',
        (f"{_IDENTITY_TESTS}::test_whatever_is_malformed_is_unauthorized",),
    ),
    Mutation(
        "token-expiry",
        _IDENTITY,
        "if seconds >= expires_at + _LEEWAY_SECONDS:",
        "if seconds < 0:",
        (f"{_IDENTITY_TESTS}::test_expires_also_when_remembered",),
    ),
    Mutation(
        "refresh-reuse",
        "services/gateway/src/gateway/sessions/storage.py",
        "    UPDATE refresh_tokens SET revoked_at = now()\n    WHERE revoked_at IS NULL AND family_id = (\n",
        "    UPDATE refresh_tokens SET revoked_at = NULL\n    WHERE revoked_at IS NULL AND family_id = (\n",
        (f"{_REFRESH_TESTS}::test_reuse_of_a_used_token_ends_its_family_and_no_other",),
    ),
    Mutation(
        "refresh-once",
        "services/gateway/src/gateway/sessions/storage.py",
        "WHERE token_hash = :token_hash AND used_at IS NULL AND revoked_at IS NULL AND expires_at > now()",
        "WHERE token_hash = :token_hash AND revoked_at IS NULL AND expires_at > now()",
        (f"{_REFRESH_TESTS}::test_reuse_of_a_used_token_ends_its_family_and_no_other",),
    ),
    Mutation(
        "revoked-keys",
        "services/gateway/src/gateway/keys/storage.py",
        "      AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())\n",
        "      AND (k.expires_at IS NULL OR k.expires_at > now())\n",
        ("services/gateway/tests/keys/test_keys.py::test_revoked_key_stops_at_once",),
    ),
    Mutation(
        "next-number",
        "services/generation/src/generation/documents/storage.py",
        "AND year = :year AND last = :sequence - 1 RETURNING last",
        "AND year = :year RETURNING last",
        ("services/generation/tests/kinds/test_documents.py::test_years_accounts_and_series_are_counted_apart",),
    ),
    Mutation(
        "invoice-paid-once",
        "services/billing/src/billing/invoice_payments/settlement.py",
        "    elif bill.stripe_payment_intent_id != payment:\n",
        "    elif False:\n",
        ("services/billing/tests/invoice_payments/test_collecting.py::test_a_second_payment_goes_back_once",),
    ),
)
