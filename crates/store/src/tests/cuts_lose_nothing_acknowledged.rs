//! Whatever becomes of process and disk, a store opens with what was acknowledged, or with a whole batch more.

use proptest::prelude::*;

use super::acts::{Act, acts};
use super::faulty::Faulty;
use super::world::World;

fn run(seed: u64, sizes: (u64, u64), acts: &[Act]) -> Result<(), TestCaseError> {
    let mut world = World::new(Faulty::new(seed), sizes);
    for act in acts {
        world.run(act)?;
    }
    world.end()
}

fn sizes() -> impl Strategy<Value = (u64, u64)> {
    (prop_oneof![1..800_u64, 1..9_000_u64], prop_oneof![1..800_u64, 1..30_000_u64])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, max_shrink_iters: 4_000, ..ProptestConfig::default() })]

    /// Kills and power cuts.
    #[test]
    fn after_cuts(seed in any::<u64>(), sizes in sizes(), acts in acts(false)) {
        run(seed, sizes, &acts)?;
    }

    /// The same on a disk whose operations fail.
    #[test]
    fn after_faults_and_cuts(seed in any::<u64>(), sizes in sizes(), acts in acts(true)) {
        run(seed, sizes, &acts)?;
    }
}
