"""Wire types, schema export, rollout line types and typed client of the agent app-server protocol."""
