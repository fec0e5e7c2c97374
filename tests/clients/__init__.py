"""Stock clients against the broker, over real sockets."""
