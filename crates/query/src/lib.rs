//! SQL over the tables and recordings of a workspace.
