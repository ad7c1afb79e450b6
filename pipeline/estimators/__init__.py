"""The seven roles and their backends. A backend is a frozen config with `build()`; recipes name the class."""
