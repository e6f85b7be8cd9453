"""Where generation keeps its queue figures for others to estimate with: one small JSON document in Redis."""

FIGURES_TTL_SECONDS = 60


def figures_key() -> str:
    """The key of the document: `{durations: {kind: [p50, p90]}, loads: {class: [waiting, running]}, slots: {…}}`."""
    return "atelier:{figures}:queues"
