"""Tools the model may call."""
