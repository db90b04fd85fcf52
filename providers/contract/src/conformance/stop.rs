//! Interrupting: an action that waits must give up promptly when it is told to.

use std::time::Duration;

use super::Fixture;
use super::bench::{Bench, KEY, Report};
use super::drive::{Fault, bounded};
use crate::context::Cancel;
use crate::problem::ProblemKind;
use crate::provider::ApplyRequest;

/// How long an interrupted action may still take. The suite's own tests wait it out, so they shorten it.
const PROMPT: Duration = Duration::from_secs(if cfg!(test) { 1 } else { 10 });

/// When it is interrupted: at once, and in the middle.
const DELAYS: [Duration; 2] = [Duration::ZERO, Duration::from_millis(50)];

pub(super) async fn check<F: Fixture>(bench: &Bench<F>, report: &mut Report) {
    let Some(slow) = bench.fixture.slow() else { return };
    let config = bench.fit(&slow, report);
    let Some(planned) = report.expect("cancel.plan", bench.plan(&config, None).await) else { return };
    for delay in DELAYS {
        let cancel = Cancel::default();
        let context = crate::Context { cancel: cancel.clone(), ..bench.context.clone() };
        let before = bench.fixture.effects();
        let interrupt = async {
            if !delay.is_zero() {
                context.clock.sleep(delay).await;
            }
            cancel.cancel();
        };
        let request = ApplyRequest { planned: &planned.value, prior: None, key: KEY };
        let call = async { bench.resource().apply(&context, request).await };
        match bounded(&*context.clock, PROMPT, with(interrupt, call)).await {
            Err(Fault::Problem(problem)) => {
                bench.look_at_problem(&problem, report);
                if problem.kind == ProblemKind::Cancelled {
                    bench.unchanged("cancel.clean", "An action that says it was cut short", before, report);
                }
            }
            Ok(_) => {}
            Err(fault) => return report.add("cancel.prompt", fault.to_string()),
        }
    }
}

/// Runs `aside` beside `main`, whose answer ends both.
async fn with<T>(aside: impl Future<Output = ()>, main: impl Future<Output = T>) -> T {
    let (mut aside, mut main) = (std::pin::pin!(aside), std::pin::pin!(main));
    let mut over = false;
    std::future::poll_fn(move |task| {
        over = over || aside.as_mut().poll(task).is_ready();
        main.as_mut().poll(task)
    })
    .await
}
