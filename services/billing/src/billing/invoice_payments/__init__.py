"""The money for invoices that accounts have issued: a place to pay each one, once, and what comes in there."""
