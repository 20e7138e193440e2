"""The version all six distributions share, as a constant: reading it imports nothing."""

VERSION = "0.1.0+harness"
