"""The agent command."""
