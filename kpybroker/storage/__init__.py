"""Kafka's files: segmented logs with their indexes, the state that is rebuilt from them, and the data directory around."""
