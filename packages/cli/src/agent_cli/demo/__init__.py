"""A small project with a failing test, and the recorded model that fixes it."""
