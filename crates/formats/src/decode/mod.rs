//! Message payloads at run time: definitions parsed, payloads to typed columns and views.
