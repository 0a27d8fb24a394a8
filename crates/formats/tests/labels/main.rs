//! Label layouts against each other and against other programs, on real data, and damaged in every way.

mod damage;
mod scenes;
mod twins;
