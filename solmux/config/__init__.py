"""TOML files to typed objects; errors name file, line, key, found and allowed."""
