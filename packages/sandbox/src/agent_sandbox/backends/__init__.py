"""One module per way of confining a command; each turns a request into a prepared command."""
