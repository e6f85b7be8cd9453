"""The credit ledger: double entry, append-only, integers; holds are placed, then captured or released."""
