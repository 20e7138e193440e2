"""Threads, turns, model client, tools and approvals of the agent harness."""
