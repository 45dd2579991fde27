"""Data sets: fetching, unpacking and converting each publisher's packages to one label space."""
