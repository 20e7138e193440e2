"""Doubles for tests of what is built on the core: a scripted model, a scripted model server, a clock."""
