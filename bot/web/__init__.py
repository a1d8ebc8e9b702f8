"""The web chat channel: a page, its routes, and parts of a reply as HTML."""
