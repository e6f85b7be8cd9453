"""Kinds of work as generation declares them: their input schemas, prices and classes."""
