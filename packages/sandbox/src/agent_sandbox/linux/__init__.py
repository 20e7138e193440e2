"""Linux confinement by direct system calls.

These modules run in the fork server, whose start every first command waits for: they import neither ``typing`` nor
``dataclasses`` nor anything outside the standard library.
"""
