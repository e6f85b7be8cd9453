"""What is counted of Stripe; types that we do not act on share one label, so that series are bounded."""

from prometheus_client import Counter, Gauge

stripe_events = Counter(
    "stripe_events_total",
    "Stripe's events by what became of them; `mismatch` and `given_up` are for a person to look at.",
    ("type", "outcome"),
)
stripe_calls = Counter("stripe_calls_total", "Calls to Stripe's API, retries included.", ("operation", "outcome"))
oldest_unhandled = Gauge("stripe_events_oldest_unhandled_seconds", "Age of the oldest event still to be handled.")
given_up = Gauge("stripe_events_given_up", "Events that nobody will try again unless the operator says so.")
