"""The tools every thread has."""
