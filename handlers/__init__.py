"""One module per topic of conversation. A Turn comes in, a Reply goes out; no messenger type in here."""
