"""The trace collector: receives OTLP over HTTP and shows what it got."""
