"""Understanding commands: what they consist of, what they do, whether they may run."""
