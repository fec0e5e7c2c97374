"""Kafka's files: segmented logs with their indexes, what is rebuilt from them, and the data directory around."""
