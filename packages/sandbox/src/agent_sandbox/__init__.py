"""OS confinement for commands: policies, Linux back ends, probe."""
