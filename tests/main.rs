//! The one test binary.

mod servers;
