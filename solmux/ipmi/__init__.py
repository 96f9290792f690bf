"""IPMI 2.0, RMCP+ and SOL without I/O: datagrams and time in, datagrams and events out."""
