use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use relplan_contract::Redactor;
use relplan_contract::conformance::context_in;
use tokio::time::Instant;

use super::*;

fn context() -> Context {
    context_in(Path::new("."), "git_tag.release")
}

#[tokio::test(start_paused = true)]
async fn what_never_comes_is_told_to_stop_and_dropped_at_its_deadline() {
    let began = Instant::now();
    let (context, told) = (context(), Arc::new(AtomicU32::new(0)));
    let counted = Arc::clone(&told);
    let ended: Result<String, _> = guarded(&context, "test", LOOK, Value::null(), move |context| {
        Box::pin(async move {
            context.cancel.cancelled().await;
            counted.fetch_add(1, Ordering::SeqCst);
            std::future::pending().await
        })
    })
    .await;
    assert_eq!(ended, Err(Fault::TimedOut(LOOK)));
    assert_eq!((began.elapsed(), told.load(Ordering::SeqCst)), (LOOK + GRACE, 1));
    assert!(!context.cancel.is_cancelled(), "the deadline of one call is nobody else's");
}

#[tokio::test(start_paused = true)]
async fn what_ends_when_it_is_told_to_has_ended() {
    let context = context();
    let wait = |context: Context| async move {
        guarded(&context, "test", LOOK, Value::null(), |context| {
            Box::pin(async move {
                context.cancel.cancelled().await;
                Ok("cut short".to_owned())
            })
        })
        .await
    };
    assert_eq!(wait(context.clone()).await, Ok("cut short".to_owned()), "at its deadline");
    let began = Instant::now();
    context.cancel.cancel();
    assert_eq!(wait(context).await, Ok("cut short".to_owned()), "by a person");
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn a_panic_is_the_providers_fault() {
    let ended: Result<String, _> = guarded(&context(), "test", LOOK, Value::null(), |_| {
        Box::pin(async { std::panic::resume_unwind(Box::new("a rogue")) })
    })
    .await;
    assert_eq!(ended, Err(Fault::Panicked));
    let looked: Result<String, _> = look(&context(), "test", LOOK, Value::null(), |_| {
        Box::pin(async { std::panic::resume_unwind(Box::new("a rogue")) })
    })
    .await;
    assert!(looked.is_err_and(|problem| problem.message.contains("a fault in it")));
}

#[tokio::test]
async fn nobody_goes_on_with_a_call_that_is_given_up() {
    let alive = Arc::new(());
    let held = Arc::clone(&alive);
    let context = context();
    let call = guarded::<String, _>(&context, "test", LOOK, Value::null(), move |_| {
        Box::pin(async move {
            let answer = std::future::pending().await;
            drop(held);
            answer
        })
    });
    assert!(tokio::time::timeout(Duration::from_millis(20), call).await.is_err());
    for _ in 0..100 {
        if Arc::strong_count(&alive) == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the call goes on");
}

/// How often it was asked until this problem was told.
async fn asked_until(problem: Problem) -> (u32, Problem) {
    let asked = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&asked);
    let answer: Result<String, _> = look(&context(), "test", LOOK, Value::null(), move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        let problem = problem.clone();
        Box::pin(async move { Err(problem) })
    })
    .await;
    (asked.load(Ordering::SeqCst), answer.expect_err("a problem"))
}

#[tokio::test]
async fn a_look_is_tried_again_after_what_passes_and_only_then() {
    let passing = Problem::new(ProblemKind::Retry, "busy");
    assert_eq!(asked_until(passing.clone()).await, (3, passing.clone()));
    let long = Problem { retry_after: Some(LOOK), ..passing };
    assert_eq!(asked_until(long.clone()).await, (1, long), "longer than a look may take");
    let refused = Problem::refused("no");
    assert_eq!(asked_until(refused.clone()).await, (1, refused));
}

#[tokio::test]
async fn what_comes_back_is_masked_and_bounded() {
    let redactor = Arc::new(Redactor::new(["hunter22"]));
    let context = Context { redactor, ..context() };
    let told: Result<String, _> = guarded(&context, "test", LOOK, Value::null(), |_| {
        Box::pin(async { Ok("the PIN is hunter22".to_owned()) })
    })
    .await;
    assert!(told.is_ok_and(|told| !told.contains("hunter22")));
    let problem: Result<String, _> = look(&context, "test", LOOK, Value::null(), |_| {
        Box::pin(async { Err(Problem::refused("hunter22 ".repeat(10_000))) })
    })
    .await;
    let message = problem.expect_err("a problem").message;
    assert!(!message.contains("hunter22") && message.len() < bounds::SENTENCE + 40, "{}", message.len());
    let large: Result<Value, _> = look(&context, "test", LOOK, Value::null(), |_| {
        Box::pin(async { Ok(Value::from("x".repeat(10 << 20))) })
    })
    .await;
    assert!(large.is_err_and(|problem| problem.message.contains("more than can be kept")));
}
