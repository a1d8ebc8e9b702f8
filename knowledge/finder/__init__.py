"""How words find a service: normalize → route → retrieve and rank → decide, one small module each."""
