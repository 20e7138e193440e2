"""Rollout files (the record) and the thread index of the agent harness."""
