"""Cases for brokers that are told other settings: each file has its own in TOLD, and a broker to itself."""
