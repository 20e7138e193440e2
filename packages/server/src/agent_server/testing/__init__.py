"""Doubles for tests of clients and of the server: an agent without model, disk or processes."""
