"""What staff change in the catalogue: facts laid over the repository's data, as values, texts, workbooks and YAML."""
