//! What goes wrong, and that nothing that looks good is left behind then.
