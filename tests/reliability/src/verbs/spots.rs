//! Where each verb can be hit: how long it takes, and which system calls it makes once it has the ledger.

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant};

use super::shop::{Quality, Shop};
use super::verb::Verb;
use crate::calls::Calls;
use crate::harm::Harm;
use crate::random::Random;
use crate::scene::Relplan;

/// How long scripts take while a spot is measured, in milliseconds.
const PACE_MS: u64 = 100;

/// What is hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Aim {
    Apply,
    WayBack,
    Rollback,
    Destroy,
    Refresh,
}

/// One verb's spots.
struct Spot {
    span: Duration,
    calls: Calls,
}

/// All of them.
pub(super) struct Spots(BTreeMap<Aim, Spot>);

impl Spots {
    /// Carries every verb out once in peace, and looks at each.
    pub(super) fn measured(relplan: &Relplan) -> io::Result<Self> {
        let mut shop = Shop::new(&mut Random::new(0))?;
        for (version, quality) in
            [Quality::Good, Quality::Good, Quality::TurnsBack, Quality::Good].iter().enumerate()
        {
            shop.write(version, *quality)?;
        }
        shop.pace(PACE_MS)?;
        let mut spots = BTreeMap::new();
        shop.runner(relplan, 100).run(&Verb::Apply(0).arguments(), &Harm::None)?;
        let name = shop.lives.first().map_or("a", |live| live.name);
        let aims = [
            (Aim::Apply, Verb::Apply(1)),
            (Aim::Rollback, Verb::Rollback(Some(0))),
            (Aim::WayBack, Verb::Apply(2)),
            (Aim::Refresh, Verb::Refresh(0)),
            (Aim::Destroy, Verb::Destroy(0)),
        ];
        for (number, (aim, verb)) in (200_u32..).zip(aims) {
            if aim == Aim::Refresh {
                shop.drift(name, "9.9.9")?;
            }
            let log = shop.folder().join("calls");
            let traced = Calls::traced(relplan, &log.display().to_string());
            let begun = Instant::now();
            shop.runner(&traced, number).run(&verb.arguments(), &Harm::None)?;
            let span = begun.elapsed();
            spots.insert(aim, Spot { span, calls: Calls::of(&std::fs::read_to_string(log)?) });
        }
        Ok(Self(spots))
    }

    /// How many system calls of a verb can be hit.
    pub(super) fn calls(&self, aim: Aim) -> u64 {
        self.0.get(&aim).map_or(0, |spot| spot.calls.count())
    }

    /// A moment of a verb, when scripts take so long.
    pub(super) fn moment(&self, aim: Aim, pace: u64, random: &mut Random) -> Duration {
        let span = self.0.get(&aim).map_or(Duration::from_secs(1), |spot| spot.span);
        random.time(span + Duration::from_millis(pace * 2))
    }

    /// What is done to a verb at one of its system calls.
    pub(super) fn at_a_call(&self, aim: Aim, random: &mut Random) -> Option<Harm> {
        self.0.get(&aim)?.calls.choose(random).map(Harm::At)
    }

    /// A write, sync or rename that the system refuses.
    pub(super) fn refused(&self, aim: Aim, random: &mut Random) -> Option<Harm> {
        let error = random.choose(&["EIO", "ENOSPC", "EDQUOT"])?;
        self.0.get(&aim)?.calls.choose_write(random).map(|call| Harm::Refused(call, error))
    }
}
