"""Questions to the user and the answers remembered."""
