"""The index: rows about rollout files, which can be deleted at any time and are made again from the files."""
