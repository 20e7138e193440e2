"""Configuration: layers of TOML, merged and interpreted into one frozen value."""
