"""From core events and rollout lines to the shapes of the protocol: one set of pure functions, live and stored."""
