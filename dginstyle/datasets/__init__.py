"""Data sets: fetch, extract and convert each publisher's packages to one label space."""
