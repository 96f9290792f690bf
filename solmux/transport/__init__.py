"""UDP sockets of the BMCs: one private epoll, one reader, one ticker."""
