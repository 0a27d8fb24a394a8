//! What stands around a vehicle: ground, blocks with patterns, things that move.
//!
//! Read [`World`] first. Camera ([`render`]) and lidar ([`sweep`]) see the same blocks, so edges in
//! depth are edges in brightness and in returned intensity.

pub(crate) mod blur;
pub(crate) mod render;
pub(crate) mod sweep;
mod texture;

use crate::Vehicle;
use crate::math::single;
use crate::rng::Rng;
use std::f64::consts::TAU;
pub(crate) use texture::byte;
use texture::{Pattern, Texture};

/// An upright box, turned about the vertical.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    pub(crate) center: [f64; 3],
    /// Half sizes along its own axes, meters.
    pub(crate) half: [f64; 3],
    pub(crate) yaw_radians: f64,
    pub(crate) texture: usize,
    /// Brightness of the pattern, a factor.
    pub(crate) gain: f32,
    /// Goes to and fro: meters along its own x, radians per second, phase.
    sway: (f64, f64, f64),
}

/// Everything that can be seen.
#[derive(Clone, Debug)]
pub(crate) struct World {
    blocks: Vec<Block>,
    pub(crate) textures: Vec<Texture>,
    pub(crate) ground_z: f64,
    /// Pixels of a pattern per meter, on blocks and on the ground.
    pub(crate) per_meter: (f64, f64),
}

/// Number of patterns; the first is the ground's, the last the sky's.
const PATTERNS: [Pattern; 8] = [
    Pattern::Gravel,
    Pattern::Windows,
    Pattern::Bricks,
    Pattern::Patches,
    Pattern::Windows,
    Pattern::Bricks,
    Pattern::Patches,
    Pattern::Gravel,
];
/// Most blocks of a world: a lidar keeps one bit per block.
pub(crate) const MAX_BLOCKS: usize = 128;

impl World {
    /// The world of a seed.
    pub(crate) fn new(seed: u64, vehicle: Vehicle) -> Self {
        let mut rng = Rng::new(seed, "world");
        let textures = PATTERNS
            .iter()
            .map(|pattern| Texture::new(*pattern, &mut rng))
            .collect();
        let mut blocks = Builder {
            rng,
            blocks: Vec::new(),
        };
        let (ground_z, per_meter) = match vehicle {
            Vehicle::Car => {
                blocks.city();
                (0.0, (14.0, 24.0))
            }
            Vehicle::Robot => {
                blocks.hall();
                (0.0, (70.0, 70.0))
            }
            Vehicle::Arm => {
                blocks.cell();
                (-0.8, (200.0, 150.0))
            }
        };
        let mut blocks = blocks.blocks;
        blocks.truncate(MAX_BLOCKS);
        Self {
            blocks,
            textures,
            ground_z,
            per_meter,
        }
    }

    /// The blocks as they stand at a moment.
    pub(crate) fn blocks(&self, secs: f64) -> Vec<Block> {
        self.blocks.iter().map(|block| block.at(secs)).collect()
    }

    /// Pattern of the sky and of what is far away.
    pub(crate) fn sky(&self) -> Option<&Texture> {
        self.textures.last()
    }
}

impl Block {
    fn at(&self, secs: f64) -> Self {
        let (meters, rate, phase) = self.sway;
        if meters == 0.0 {
            return *self;
        }
        let along = meters * libm::sin(rate * secs + phase);
        let (s, c) = libm::sincos(self.yaw_radians);
        let [x, y, z] = self.center;
        Self {
            center: [x + along * c, y + along * s, z],
            ..*self
        }
    }
}

/// Places blocks.
struct Builder {
    rng: Rng,
    blocks: Vec<Block>,
}

/// Where a ring of blocks stands: least and greatest radius, half sizes along, across and up.
struct RingOf {
    count: u32,
    radius_m: (f64, f64),
    along_m: (f64, f64),
    across_m: (f64, f64),
    high_m: (f64, f64),
}

impl Builder {
    fn block(&mut self, center: [f64; 3], half: [f64; 3], yaw_radians: f64) {
        let patterns = PATTERNS.len() as u64 - 2;
        let texture = 1 + usize::try_from(self.rng.below(patterns)).unwrap_or(0);
        let gain = single(self.rng.between(0.4, 1.05));
        self.blocks.push(Block {
            center,
            half,
            yaw_radians,
            texture,
            gain,
            sway: (0.0, 0.0, 0.0),
        });
    }

    /// Blocks around the middle, their long side along the circle, standing on `z`.
    fn ring(&mut self, ring: &RingOf, z: f64) {
        let first = self.rng.between(0.0, TAU);
        for number in 0..ring.count {
            let share = TAU / f64::from(ring.count);
            let angle = first + share * (f64::from(number) + self.rng.between(-0.12, 0.12));
            let radius = self.rng.between(ring.radius_m.0, ring.radius_m.1);
            let mut half = |(low, high): (f64, f64)| self.rng.between(low, high);
            let size = [half(ring.along_m), half(ring.across_m), half(ring.high_m)];
            let (s, c) = libm::sincos(angle);
            let turn = angle + TAU / 4.0 + half((-0.08, 0.08));
            self.block([radius * c, radius * s, z + size[2]], size, turn);
        }
    }

    /// The last block goes to and fro along itself.
    fn sway(&mut self, meters: f64, rate: f64) {
        let phase = self.rng.between(0.0, TAU);
        if let Some(block) = self.blocks.last_mut() {
            block.sway = (meters, rate, phase);
            block.gain = 1.1;
        }
    }

    /// Houses around a round road, parked cars, poles.
    fn city(&mut self) {
        let rings = [
            (18, (54.0, 60.0), (8.6, 9.6), (4.0, 6.0), (5.0, 9.0)),
            (6, (9.0, 15.0), (4.0, 6.5), (3.0, 5.0), (2.5, 5.5)),
            (12, (41.5, 43.0), (2.0, 2.4), (0.85, 1.0), (0.7, 0.95)),
            (16, (38.5, 39.5), (0.12, 0.2), (0.12, 0.2), (1.8, 3.2)),
            (12, (24.0, 25.5), (0.12, 0.25), (0.12, 0.25), (1.5, 3.0)),
            (6, (21.0, 22.5), (1.0, 2.0), (0.5, 0.9), (0.5, 1.2)),
        ];
        self.rings(&rings, 0.0);
        for number in 0..3 {
            let angle = f64::from(number) * TAU / 3.0 + self.rng.between(0.0, 1.0);
            let (s, c) = libm::sincos(angle);
            self.block(
                [46.5 * c, 46.5 * s, 0.9],
                [2.2, 0.9, 0.9],
                angle + TAU / 4.0,
            );
            self.sway(5.0, 0.5);
        }
    }

    /// Shelves around a round aisle, pallets, pillars, walls.
    fn hall(&mut self) {
        for (x, y, along) in [
            (0.0, 17.0, 0.0),
            (0.0, -17.0, 0.0),
            (17.0, 0.0, 1.0),
            (-17.0, 0.0, 1.0),
        ] {
            let yaw = along * TAU / 4.0;
            self.block([x, y, 3.0], [17.3, 0.2, 3.0], yaw);
        }
        let rings = [
            (14, (12.6, 13.4), (1.6, 2.3), (0.5, 0.7), (1.0, 1.9)),
            (7, (2.6, 3.6), (0.9, 1.3), (0.4, 0.6), (0.6, 1.5)),
            (16, (9.6, 10.3), (0.35, 0.6), (0.35, 0.5), (0.2, 0.6)),
            (10, (9.3, 9.8), (0.06, 0.1), (0.06, 0.1), (1.2, 1.6)),
            (9, (4.9, 5.4), (0.06, 0.25), (0.06, 0.2), (0.4, 1.2)),
        ];
        self.rings(&rings, 0.0);
        for number in 0..2 {
            let angle = f64::from(number) * TAU / 2.0 + self.rng.between(0.0, 2.0);
            let (s, c) = libm::sincos(angle);
            self.block(
                [11.3 * c, 11.3 * s, 0.8],
                [0.5, 0.35, 0.8],
                angle + TAU / 4.0,
            );
            self.sway(1.5, 0.6);
        }
    }

    /// A table with parts before an arm, in a room.
    fn cell(&mut self) {
        for (x, y, along) in [
            (0.0, 2.6, 0.0),
            (0.0, -2.6, 0.0),
            (2.9, 0.0, 1.0),
            (-2.6, 0.0, 1.0),
        ] {
            let yaw = along * TAU / 4.0;
            self.block([x, y, 0.7], [3.0, 0.05, 1.5], yaw);
        }
        self.block([0.95, 0.0, -0.06], [0.8, 1.1, 0.04], 0.0);
        for number in 0..14 {
            let x = self.rng.between(0.55, 1.6);
            let y = -0.95 + f64::from(number) * 0.145;
            let half = [(); 3].map(|()| self.rng.between(0.03, 0.09));
            let yaw = self.rng.between(0.0, TAU);
            self.block([x, y, -0.02 + half[2]], half, yaw);
        }
        self.block([1.3, 0.0, 0.25], [0.06, 0.06, 0.06], 0.4);
        self.sway(0.25, 0.8);
    }

    fn rings(&mut self, rings: &[RingSizes], z: f64) {
        for (count, radius_m, along_m, across_m, high_m) in rings.iter().copied() {
            let ring = RingOf {
                count,
                radius_m,
                along_m,
                across_m,
                high_m,
            };
            self.ring(&ring, z);
        }
    }
}

/// Count, radius, and half sizes along, across and up.
type RingSizes = (u32, (f64, f64), (f64, f64), (f64, f64), (f64, f64));
