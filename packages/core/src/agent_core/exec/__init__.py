"""Running commands: one-shot and interactive processes, their output and environment."""
