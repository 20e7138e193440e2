"""Credentials: who pays for a request and how it is signed."""
