"""The only contract between services: frozen models of what has happened."""
