"""Postgres: the engine, units of work, the kernel's own tables and migrations."""
