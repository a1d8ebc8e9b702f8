"""Parts of a reply as the messengers' own markup."""
