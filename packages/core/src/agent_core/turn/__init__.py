"""One turn: the sample-act loop and what it needs."""
