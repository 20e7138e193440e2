"""Patches: reading, checking, deciding on and applying them."""
