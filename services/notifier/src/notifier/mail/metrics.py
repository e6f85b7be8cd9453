"""What the operator sees of e-mail."""

from prometheus_client import Counter, Histogram

deliveries = Counter("mail_deliveries", "Tries to send a mail.", ["template", "outcome"])
delay = Histogram(
    "mail_delay_seconds",
    "From a mail being due to the mail server taking it.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600),
)
