"""The broker on real sockets and real time: connections, listeners, the clock. The only room that knows trio."""
