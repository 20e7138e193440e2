"""Pure renderings of a run: notifications in, lines or JSON events out."""
