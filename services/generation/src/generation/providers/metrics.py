"""The Prometheus series all providers share; names are part of the dashboards and alerts."""

from prometheus_client import Counter, Gauge, Histogram

from generation.providers.ports import AttemptOutcome

PROVIDER_REQUESTS = Counter(
    "provider_requests_total",
    "Calls made to providers, by how they ended.",
    ["provider", "capability", "outcome"],
)
PROVIDER_LATENCY = Histogram(
    "provider_latency_seconds",
    "Duration of one call to a provider, successful or not.",
    ["provider", "capability"],
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 45, 60, 90, 120, 180, 300),
)
PROVIDER_COST = Counter(
    "provider_cost_microusd_total",
    "What providers charged, in millionths of a US dollar.",
    ["provider", "capability"],
)
CIRCUIT_STATE = Gauge(
    "provider_circuit_state",
    "Circuit breaker as this process last saw it: 0 closed, 1 half open, 2 open.",
    ["provider", "capability"],
)
BUDGET_LIMIT = Gauge(
    "provider_budget_limit_microusd",
    "What a provider may cost on one day, in millionths of a US dollar.",
    ["provider"],
)
BUDGET_SPENT = Gauge(
    "provider_budget_spent_microusd",
    "What a provider has cost today, with what is set aside for calls under way, as this process last saw it.",
    ["provider"],
)
BUDGET_SKIPS = Counter(
    "provider_budget_skips_total",
    "Times a provider was left out because its budget of the day was spent.",
    ["provider"],
)


def begin_at_nought(provider: str, capability: str) -> None:
    """Show the failures that only an operator can mend before there is one.

    A series that first appears with its first failure has not grown in the eyes of an alert.
    """
    PROVIDER_REQUESTS.labels(provider, capability, AttemptOutcome.BROKEN.value)
