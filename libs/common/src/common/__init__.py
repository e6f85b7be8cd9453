"""The kernel all services of Atelier share: events, the bus, units of work, HTTP and telemetry."""
