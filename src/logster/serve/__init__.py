"""The running server: the supervisor, its workers, their HTTP and the first start."""
