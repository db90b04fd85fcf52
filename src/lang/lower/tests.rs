//! Loading modules.
