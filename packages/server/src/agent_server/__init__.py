"""App-server: transports, connections, method handlers and subscriptions."""
