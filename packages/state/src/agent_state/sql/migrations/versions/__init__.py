"""One module per revision; their numbers have no gaps."""
