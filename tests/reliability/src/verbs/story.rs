//! One product, a few versions, and a verb that is cut off, again and again, until it is let end.

use std::fmt::Write as _;
use std::io;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::effects::{self, Effect};
use super::judge::{self, Before, Way};
use super::shop::{Live, Quality, Shop, file, named};
use super::spots::{Aim, Spots};
use super::verb::Verb;
use crate::harm::{Harm, Run, Runner, gist};
use crate::kept;
use crate::random::Random;
use crate::scene::Relplan;

/// How often a verb is tried in peace until it must have ended.
const TRIES: usize = 6;

/// Longer than what a killed relplan left may still be at work.
const SETTLES: Duration = Duration::from_secs(10);

/// What happened, and what of it was not as promised.
#[derive(Default)]
pub(super) struct Story {
    pub(super) findings: Vec<String>,
    /// kill -9 that hit a command under way.
    pub(super) kills: u64,
    /// Signals that did.
    pub(super) asked: u64,
    /// Runs that ended since the system refused them a write.
    pub(super) failed: u64,
    /// Those who were told that somebody else has the lock.
    pub(super) refused: u64,
    /// What was typed, and how it ended.
    pub(super) told: String,
}

/// What a story is told with.
pub(super) struct Teller<'t> {
    relplan: &'t Relplan,
    spots: &'t Spots,
    random: Random,
    shop: Shop,
    number: u32,
    story: Story,
    pace: u64,
    next: usize,
    drifted: bool,
    /// Whether something was asked to stop: then a way back may be given up, and the environment is on hold.
    asked: bool,
}

/// Tells the story of a seed.
pub(super) fn tell(relplan: &Relplan, spots: &Spots, aim: Aim, seed: u64) -> io::Result<Story> {
    let mut random = Random::new(seed.wrapping_mul(31).wrapping_add(aim as u64));
    let shop = Shop::new(&mut random)?;
    let pace = 20 + random.below(180);
    let mut teller = Teller {
        relplan,
        spots,
        random,
        shop,
        number: 0,
        story: Story::default(),
        pace,
        next: 0,
        drifted: false,
        asked: false,
    };
    match aim {
        Aim::Rollback => teller.rollback()?,
        Aim::Destroy => teller.destroy()?,
        Aim::Refresh => teller.refresh()?,
        Aim::WayBack | Aim::Apply => teller.way_back()?,
    }
    let mut story = teller.story;
    let mut seen = std::collections::BTreeSet::new();
    story.findings.retain(|finding| seen.insert(finding.clone()));
    Ok(story)
}

impl Teller<'_> {
    fn chance(&mut self, percent: u64) -> bool {
        self.random.below(100) < percent
    }

    fn find(&mut self, finding: impl Into<String>) {
        self.story.findings.push(finding.into());
    }

    fn runner(&mut self) -> Runner<'_> {
        // Numbers of what is only looked at lie between.
        self.number += 10;
        self.shop.runner(self.relplan, self.number)
    }

    /// The next version, written.
    fn version(&mut self, quality: Quality) -> io::Result<usize> {
        let version = self.next;
        self.next += 1;
        self.shop.write(version, quality)?;
        Ok(version)
    }

    fn run(&mut self, verb: Verb, harm: &Harm) -> io::Result<Run> {
        let run = self.runner().run(&verb.arguments(), harm)?;
        let code = run.code.map_or_else(|| "killed".to_owned(), |code| code.to_string());
        let live = self.shop.live().join(" ");
        let _ = write!(self.story.told, "\n      {verb}, {harm}: {code}, live {live}");
        let since = run.records.get(run.before..).unwrap_or_default();
        let recorded: Vec<String> = since.iter().map(kept::Record::gist).collect();
        let _ = write!(self.story.told, "\n        recorded: {}", recorded.join("; "));
        self.asked |= run.struck && harm.asks();
        let mut findings = judge::always(&self.shop, &run, self.drifted);
        if run.code == Some(11) && !matches!(harm, Harm::Refused(..)) {
            findings.push(format!("it ends with 11: {}", gist(&run.said)));
        }
        if run.code.is_none() && !run.struck {
            findings.push(format!("it dies: {}", run.said));
        }
        let told = findings.iter().chain(&run.findings).map(|finding| format!("`{verb}`, {harm}: {finding}"));
        let told: Vec<String> = told.collect();
        self.story.findings.extend(told);
        Ok(run)
    }

    /// Does harm to a verb; gives its exit code when it came to its end all the same.
    fn strike(&mut self, verb: Verb, aim: Aim) -> io::Result<Option<i32>> {
        let harm = self.harm(verb, aim);
        let run = self.run(verb, &harm)?;
        match harm {
            Harm::Kill(_) | Harm::KillAtExec(_) | Harm::At(_) => self.story.kills += u64::from(run.struck),
            Harm::Signal(..) => self.story.asked += u64::from(run.struck),
            Harm::Refused(..) => self.story.failed += u64::from(run.struck),
            Harm::Rival(_) => self.story.refused += u64::from(run.struck),
            Harm::None => {}
        }
        let ended = run.code.filter(|code| matches!(code, 0 | 4 | 5) && kept::held(&run.records).is_empty());
        if ended.is_some() {
            self.ended(&run);
        }
        Ok(ended)
    }

    /// Does harm to a verb, a few times unless it comes to its end, and then lets it end in peace. Now and then another
    /// verb is cut off between.
    fn struck_until_it_ends(&mut self, verb: Verb, aim: Aim, between: Option<Aim>) -> io::Result<Way> {
        let mut way = Way::default();
        for _ in 0..=self.random.below(3) {
            let before = kept::read(&self.shop.ledger()).len();
            way.code = self.strike(verb, aim)?;
            if way.code.is_some() {
                return Ok(way);
            }
            let records = kept::read(&self.shop.ledger());
            let since = records.get(before..).unwrap_or_default();
            way.ended_unheard |= since.iter().any(|record| record.ending() == "complete");
            let Some(between) = between.filter(|_| self.random.below(100) < 15) else { continue };
            let other = if between == Aim::Rollback {
                Verb::Rollback(None)
            } else {
                Verb::Apply(self.version(Quality::Good)?)
            };
            self.strike(other, between)?;
            way.cut_off_between = true;
        }
        way.code = self.end(verb)?;
        Ok(way)
    }

    fn harm(&mut self, verb: Verb, aim: Aim) -> Harm {
        const SIGNALS: [Signal; 4] = [Signal::INT, Signal::INT, Signal::TERM, Signal::HUP];
        let mut moment = self.spots.moment(aim, self.pace, &mut self.random);
        if !kept::open(&kept::read(&self.shop.ledger())).is_empty() && self.chance(50) {
            // First it waits until nothing of the dead can land any more.
            moment += Duration::from_secs(2);
        }
        match self.random.below(20) {
            0..=5 => Harm::Kill(moment),
            6..=11 => self.spots.at_a_call(aim, &mut self.random).unwrap_or(Harm::Kill(moment)),
            12..=13 => self.spots.refused(aim, &mut self.random).unwrap_or(Harm::Kill(moment)),
            14..=15 => Harm::KillAtExec(moment + Duration::from_millis(60)),
            16..=18 => {
                let signal = self.random.choose(&SIGNALS).unwrap_or(Signal::INT);
                let again = self.chance(30).then(|| self.random.time(Duration::from_millis(300)));
                Harm::Signal(signal, moment, again)
            }
            // What only looks is over too soon for anybody to come between.
            _ if aim == Aim::Refresh => Harm::Kill(moment),
            _ => {
                let version = self.next.saturating_sub(1);
                let others = [verb, Verb::Apply(version), Verb::Rollback(None), Verb::Destroy(version)];
                Harm::Rival(self.random.choose(&others).unwrap_or(verb).arguments())
            }
        }
    }

    /// In peace, until the verb has come to an end.
    fn end(&mut self, verb: Verb) -> io::Result<Option<i32>> {
        let (mut uncertain, mut broken) = (0, 0);
        for _ in 0..TRIES {
            let run = self.run(verb, &Harm::None)?;
            match run.code {
                Some(0 | 5) => {
                    self.ended(&run);
                    return Ok(run.code);
                }
                _ if !kept::held(&run.records).is_empty() => self.release(&run)?,
                Some(4) => {
                    self.ended(&run);
                    return Ok(run.code);
                }
                Some(10) => {
                    // As long as somebody is at work, nobody can tell.
                    if !self.settle() {
                        uncertain += 1;
                    }
                    if uncertain > 1 {
                        self.find(format!("`{verb}` is uncertain, and `observe` tells: {}", gist(&run.said)));
                        return Ok(run.code);
                    }
                }
                // Told already. The second time it will not be mended by a third.
                Some(11) => {
                    broken += 1;
                    if broken > 1 {
                        break;
                    }
                }
                _ => self.find(format!("`{verb}` in peace ends with {:?}: {}", run.code, gist(&run.said))),
            }
        }
        self.find(format!("`{verb}` does not come to its end"));
        Ok(None)
    }

    fn ended(&mut self, run: &Run) {
        for finding in judge::left_open(&run.records) {
            self.find(format!("`{}`: {finding}", run.typed));
        }
    }

    /// Waits until nobody is at work any more; gives whether anybody was.
    fn settle(&self) -> bool {
        let begun = Instant::now();
        let mut was = false;
        while self.shop.at_work() && begun.elapsed() < SETTLES {
            was = true;
            std::thread::sleep(Duration::from_millis(20));
        }
        was
    }

    /// A person releases what is on hold.
    fn release(&mut self, run: &Run) -> io::Result<()> {
        if !self.asked {
            self.find(format!(
                "`{}` leaves a hold, and nobody had asked it to stop: {}",
                run.typed,
                gist(&run.said)
            ));
        }
        let held: Vec<String> = kept::held(&run.records).into_iter().map(str::to_owned).collect();
        for address in held {
            let (code, said) = self.runner().look(&["state", "release", &address, "-reason=looked"])?;
            if code != Some(0) {
                self.find(format!("{address} cannot be released: {said}"));
            }
        }
        Ok(())
    }

    fn expect(&mut self, verb: Verb, code: Option<i32>, wanted: &[i32]) -> bool {
        let fits = code.is_some_and(|code| wanted.contains(&code));
        if !fits && code.is_some() {
            self.find(format!("`{verb}` ends with {code:?} and not with {wanted:?}"));
        }
        fits
    }

    /// One or two versions that are good, applied in peace.
    fn history(&mut self) -> io::Result<()> {
        let versions = if self.chance(70) { 2 } else { 1 };
        for _ in 0..versions {
            let version = self.version(Quality::Good)?;
            let code = self.end(Verb::Apply(version))?;
            self.expect(Verb::Apply(version), code, &[0]);
        }
        self.shop.pace(self.pace)
    }

    /// What may have come before: a later version that was cut off, or one whose check failed.
    fn prelude(&mut self) -> io::Result<()> {
        if self.chance(50) {
            let version = self.version(Quality::Good)?;
            for _ in 0..=self.random.below(2) {
                if self.strike(Verb::Apply(version), Aim::Apply)?.is_some() {
                    break;
                }
            }
        } else if self.chance(40) {
            let version = self.version(Quality::Fails)?;
            let code = self.end(Verb::Apply(version))?;
            self.expect(Verb::Apply(version), code, &[4]);
        }
        Ok(())
    }

    fn rollback(&mut self) -> io::Result<()> {
        self.history()?;
        let applied = self.next;
        self.prelude()?;
        let to = self.chance(35).then(|| self.random.index(applied));
        let verb = Verb::Rollback(to);
        let before = Before::of(&self.shop);
        let way = self.struck_until_it_ends(verb, Aim::Rollback, Some(Aim::Apply))?;
        self.settle();
        if self.expect(verb, way.code, &[0]) {
            let wrong = match to {
                Some(to) => self.is_live(to),
                None => before.turned_back(&self.shop, &way),
            };
            if let Some(wrong) = wrong {
                self.find(format!("`{verb}` is complete, and {wrong}"));
            }
            self.same_as_its_file(applied)?;
        }
        self.aftermath()
    }

    fn way_back(&mut self) -> io::Result<()> {
        self.history()?;
        self.prelude()?;
        let version = self.version(Quality::TurnsBack)?;
        let verb = Verb::Apply(version);
        let before = Before::of(&self.shop);
        let way = self.struck_until_it_ends(verb, Aim::WayBack, Some(Aim::Rollback))?;
        self.settle();
        let file = file(version);
        let (_, said) = self.runner().look(&["plan", &file])?;
        let standings = before.standings(&self.shop);
        let judged = self.shop.turned_back().to_vec();
        let nothing_to_turn_back = self.shop.lives.iter().zip(&standings).all(|(live, standing)| {
            let stays = live.content(version) == standing.now;
            !judged.contains(&live.name) || (stays && standing.last_good.as_ref() == Some(&standing.now))
        });
        if !way.cut_off_between && said.contains("cannot be turned back: no earlier version") {
            self.find(format!("`plan {file}` says that there is no way back, and there is"));
        }
        // With nothing to turn back, the check has simply failed.
        let wanted: &[i32] = if nothing_to_turn_back { &[4, 5] } else { &[5] };
        if !self.expect(verb, way.code, wanted) {
            return self.verified();
        }
        let mut wrong = Vec::new();
        for ((live, standing), is) in self.shop.lives.iter().zip(&standings).zip(self.shop.live()) {
            let back = standing.last_good.clone().unwrap_or_default();
            let fits = if judged.contains(&live.name) {
                is == back
            } else {
                is == standing.now || is == live.content(version)
            };
            if !fits && !way.cut_off_between {
                wrong.push(format!("{} is {is}, was {}, and {back} was good", live.name, standing.now));
            }
        }
        if way.cut_off_between && self.shop.joined {
            wrong.extend(before.turned_back(&self.shop, &way));
        }
        if !wrong.is_empty() {
            self.find(format!("`{verb}` says that it was turned back: {}", wrong.join("; ")));
        }
        self.aftermath()
    }

    fn destroy(&mut self) -> io::Result<()> {
        self.history()?;
        self.prelude()?;
        let verb = Verb::Destroy(self.random.index(self.next));
        let way = self.struck_until_it_ends(verb, Aim::Destroy, None)?;
        self.settle();
        // Somebody else, who waited for the lock, may have released again.
        let records = kept::read(&self.shop.ledger());
        let last = records.iter().rev().find(|record| record.kind == "run_opened");
        let is_last = last.is_some_and(|record| record.text("/mode") == "destroy");
        let is_live = self.shop.live().iter().any(|live| live != "-");
        if self.expect(verb, way.code, &[0]) && is_last && is_live {
            self.find(format!("`{verb}` is complete, and {:?} is live", self.shop.live()));
        }
        self.aftermath()
    }

    fn refresh(&mut self) -> io::Result<()> {
        self.history()?;
        let applied = self.next - 1;
        self.prelude()?;
        if self.chance(60) {
            self.settle();
            let names: Vec<&str> = self.shop.lives.iter().map(|live| live.name).collect();
            let name = self.random.choose(&names).unwrap_or("a");
            let content = if self.chance(70) { "9.9.9" } else { "-" };
            self.shop.drift(name, content)?;
            self.drifted = true;
        }
        let verb = Verb::Refresh(self.next - 1);
        let before = kept::read(&self.shop.ledger()).len();
        let way = self.struck_until_it_ends(verb, Aim::Refresh, None)?;
        if self.settle() {
            // What landed late is looked at once more.
            self.end(verb)?;
        }
        if !self.expect(verb, way.code, &[0]) {
            return self.verified();
        }
        let records = kept::read(&self.shop.ledger());
        let since = records.get(before..).unwrap_or_default();
        if since.iter().any(|record| record.kind == "intended") {
            self.find(format!("`{verb}` acts"));
        }
        self.knows_what_is_live()?;
        if self.chance(50) {
            // What was taken into the state is still not what the file says.
            let verb = Verb::Apply(applied);
            let code = self.end(verb)?;
            if self.expect(verb, code, &[0])
                && let Some(wrong) = self.is_live(applied)
            {
                self.find(format!("`{verb}` is complete, and {wrong}"));
            }
        }
        self.aftermath()
    }

    /// The state says of every live resource what its file says.
    fn knows_what_is_live(&mut self) -> io::Result<()> {
        let addresses: Vec<String> = self.shop.lives.iter().map(Live::address).collect();
        for (address, live) in addresses.iter().zip(self.shop.live()) {
            let (code, said) = self.runner().look(&["state", "show", address])?;
            let version = said.lines().find_map(|line| line.trim().strip_prefix("version "));
            let known = version.and_then(|text| text.split('"').nth(1)).unwrap_or("-");
            if known != live {
                self.find(format!("{address} is {live}, and the state says {known} ({code:?})"));
            }
        }
        Ok(())
    }

    fn is_live(&self, version: usize) -> Option<String> {
        let (live, wanted) = (self.shop.live(), self.shop.contents(version));
        (live != wanted).then(|| format!("{live:?} is live, and not {wanted:?}"))
    }

    /// Where what is live is one of the versions that were applied wholly, its file has nothing left to do.
    fn same_as_its_file(&mut self, applied: usize) -> io::Result<()> {
        let live = self.shop.live();
        // Of two versions with the same contents nobody can tell which it is.
        let mut same = (0..applied).filter(|version| self.shop.contents(*version) == live);
        let (Some(version), None, true) = (same.next(), same.next(), self.shop.joined) else { return Ok(()) };
        self.nothing_left(version)
    }

    fn nothing_left(&mut self, version: usize) -> io::Result<()> {
        let file = file(version);
        let (code, said) = self.runner().look(&["plan", "-detailed-exitcode", &file])?;
        if code != Some(0) {
            self.find(format!("`plan {file}` afterwards ends with {code:?}: {}", gist(&said)));
        }
        Ok(())
    }

    /// Another version, applied in peace, puts everything right.
    fn aftermath(&mut self) -> io::Result<()> {
        if self.chance(60) {
            let version = self.version(Quality::Good)?;
            let verb = Verb::Apply(version);
            let code = self.end(verb)?;
            if self.expect(verb, code, &[0]) {
                if let Some(wrong) = self.is_live(version) {
                    self.find(format!("`{verb}` is complete, and {wrong}"));
                }
                let noted = |effect: &&Effect| {
                    effect.address == "exec_migration.notes" && effect.content == named(version)
                };
                if effects::effects(&self.shop).iter().filter(noted).count() != 1 {
                    self.find(format!("`{verb}` is complete, and its record is not made once"));
                }
                self.nothing_left(version)?;
            }
        }
        self.verified()
    }

    fn verified(&mut self) -> io::Result<()> {
        let (code, said) = self.runner().look(&["state", "verify"])?;
        if code != Some(0) {
            self.find(format!("`state verify` ends with {code:?}: {said}"));
        }
        Ok(())
    }
}
