//! Change sets go out: one folder, whole or not at all.
