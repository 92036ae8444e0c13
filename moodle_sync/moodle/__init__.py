"""Moodle's web services: one transport, typed clients to push and to pull, the companion. No decisions, no store."""
