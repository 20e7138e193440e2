"""What stands in a rollout file: lines, response items, events, and their exact codec."""
