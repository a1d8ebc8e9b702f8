"""Ground floor: what the office offers and how words find it. No chat, no database, no network."""
