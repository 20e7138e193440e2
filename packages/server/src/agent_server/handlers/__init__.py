"""What the methods of the protocol do, one module per resource."""
