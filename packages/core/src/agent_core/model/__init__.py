"""The model: requests, the event stream that answers them, providers, catalogue, recording and replay."""
