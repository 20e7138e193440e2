"""Structs, methods and notifications of the app-server protocol, one module per resource."""
