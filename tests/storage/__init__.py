"""Kafka's files: written, searched, damaged and opened again."""
