"""The wire: messages, record batches, checksums and compression against independent codecs."""
