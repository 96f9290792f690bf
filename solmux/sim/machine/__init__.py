"""The scripts of a simulated server: firmware, boot loader, kernel, services, shell."""
