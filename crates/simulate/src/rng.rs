//! Seeded pseudo-random numbers: xoshiro256++ (Blackman and Vigna 2018), seeded by `SplitMix64`.
//!
//! Every stream of the drive draws from its own generator, named by a label, so that a fault or a
//! further channel does not change the numbers of the others. Transcendental functions come from
//! the `libm` crate, not from the platform, so that the same seed gives the same bytes everywhere.

/// A generator; cheap to make and to clone.
#[derive(Clone, Debug)]
pub(crate) struct Rng {
    state: [u64; 4],
}

fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Rng {
    /// The generator of a seed and a label.
    pub(crate) fn new(seed: u64, label: &str) -> Self {
        // FNV-1a over the label tells the streams of one seed apart.
        let mut hash = 0xCBF2_9CE4_8422_2325_u64;
        for byte in label.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
        let mut mixer = seed ^ hash.rotate_left(17);
        let state = std::array::from_fn(|_| split_mix(&mut mixer));
        Self { state }
    }

    /// The next 64 bits.
    pub(crate) fn next_u64(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let result = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let shifted = b << 17;
        let c = c ^ a;
        let d = d ^ b;
        self.state = [a ^ d, b ^ c, c ^ shifted, d.rotate_left(45)];
        result
    }

    /// Uniform in [0, 1), 53 bits.
    pub(crate) fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// Uniform in [low, high).
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// Uniform below `bound`; 0 when the bound is 0. The bias is below 2^-32 for the bounds used here.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next_u64() % bound.max(1)
    }

    /// Standard normal (Box and Muller 1958, cosine branch).
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.uniform()));
        radius * libm::cos(std::f64::consts::TAU * self.uniform())
    }
}

#[cfg(test)]
mod tests {
    use super::Rng;

    #[test]
    fn repeats_by_seed_and_differs_by_label() {
        let draw = |seed, label| {
            let mut rng = Rng::new(seed, label);
            [rng.next_u64(), rng.next_u64(), rng.next_u64()]
        };
        assert_eq!(draw(7, "imu"), draw(7, "imu"));
        assert_ne!(draw(7, "imu"), draw(8, "imu"));
        assert_ne!(draw(7, "imu"), draw(7, "odom"));
    }

    #[test]
    fn moments_are_those_of_the_laws() {
        let mut rng = Rng::new(1, "moments");
        let n = 200_000;
        let (mut sum, mut squares, mut flat) = (0.0, 0.0, 0.0);
        for _ in 0..n {
            let x = rng.normal();
            sum += x;
            squares += x * x;
            flat += rng.uniform();
        }
        let n = f64::from(n);
        // Five standard errors: 5/sqrt(n) and 5*sqrt(2/n).
        assert!((sum / n).abs() < 0.012, "{}", sum / n);
        assert!((squares / n - 1.0).abs() < 0.016, "{}", squares / n);
        assert!((flat / n - 0.5).abs() < 0.0033, "{}", flat / n);
    }
}
