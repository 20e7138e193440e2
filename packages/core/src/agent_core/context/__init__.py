"""What the model reads: prompts, frames, history and the facts of the place it works in."""
