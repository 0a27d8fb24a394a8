//! The MCAP room from outside: conformance, laws, rules, real files, damage.

mod conformance;
mod corruption;
mod laws;
mod real;
mod rules;
mod support;
