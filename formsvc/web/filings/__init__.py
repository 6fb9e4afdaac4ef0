"""The desks of the store: what is mine, what waits for my office, where a filing is."""
