//! One sweep, or a log of sweeps: counts, rings, sectors, ranges, time of points, smear.
