"""Bytes to values and back: the protocol's messages, record batches, compression and checksums. Needs no event loop."""
