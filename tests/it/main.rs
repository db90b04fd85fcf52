//! All integration tests, in one binary.

mod ui;
//! The one test binary: what needs files, processes or the built command.

mod ledger;
