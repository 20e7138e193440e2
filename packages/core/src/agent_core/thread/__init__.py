"""Threads: identity, event log, history and settings."""
