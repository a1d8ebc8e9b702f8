"""The catalogue's upkeep at run time: the running edition kept current, turns prepared before their transaction."""
