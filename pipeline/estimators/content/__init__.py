"""What pictures of a clip show beside a person, by networks of optional packages: text, nakedness."""
