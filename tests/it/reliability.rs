//! Every ordeal at a small count; `make crash`, `make simulate` and `make fuzz` run them in full.

mod corpus;
mod ordeals;
