"""What happened at the desk: people, conversations, complaints, announcements, misses."""
