"""Cards of trained networks and generated sets, and their upload to the hub."""
