//! What is found in expressions.
