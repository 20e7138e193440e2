"""Rollout files: one JSONL file per thread, the record everything else is derived from."""
