//! PX4 `ULog` files.
