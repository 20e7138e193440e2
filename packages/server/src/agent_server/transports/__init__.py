"""Ways a connection reaches the server."""
