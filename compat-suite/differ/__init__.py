"""Asks a broker what Apache Kafka was asked, and says field by field where the answers part."""
