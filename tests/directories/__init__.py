"""Whole data directories, written here and read by Apache Kafka, and the other way round."""
