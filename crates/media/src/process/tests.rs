use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{fs, process};

use reelshelf_domain::ByteSize;
use tracing_subscriber::fmt::MakeWriter;

use super::{Command, Limits, Output, ProcessError, STDERR_BYTES, STDERR_TAIL_BYTES, Slots, run};

/// Far more than anything here needs: who waits so long has found a fault.
const LONG: Duration = Duration::from_secs(20);
const LIMITS: Limits = Limits { time: LONG, output: ByteSize::new(10_000) };

fn sh(script: &str) -> Command {
    Command::new("sh", LIMITS).args(["-c", script])
}

async fn run_alone(command: Command) -> Result<Output, ProcessError> {
    run(&Slots::new(NonZeroUsize::MIN), command).await
}

/// A time to sleep, a minute and a bit, that nobody else sleeps: its processes are found again by it.
fn unique_sleep(test: u8) -> String {
    format!("60.{}{test:02}", process::id())
}

/// The living processes that have this argument. The dead have no arguments, collected or not.
fn alive(argument: &str) -> usize {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    lines.filter(|line| line.split(|byte| *byte == 0).any(|found| found == argument.as_bytes())).count()
}

async fn until_alive(argument: &str, count: usize) {
    let reached = async {
        while alive(argument) != count {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let reached = tokio::time::timeout(LONG, reached).await;
    assert!(reached.is_ok(), "{} processes instead of {count}", alive(argument));
}

#[tokio::test]
async fn gives_what_a_program_writes() {
    let output = run_alone(sh("echo out; echo err >&2")).await.unwrap();
    assert_eq!(output, Output { stdout: b"out\n".to_vec(), stderr: b"err\n".to_vec() });
}

#[tokio::test]
async fn arguments_reach_the_program_as_they_are() {
    let hostile = "a b; $(id) '\"\n*";
    let output = run_alone(Command::new("printf", LIMITS).arg("%s|").args([hostile, "-x", ""])).await.unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{hostile}|-x||"));
}

#[tokio::test]
async fn nothing_of_our_environment_is_inherited() {
    let output = run_alone(Command::new("env", LIMITS).env("LC_ALL", "C")).await.unwrap();
    let mut variables: Vec<_> = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    variables.sort_unstable();
    assert_eq!(variables, [b"LC_ALL=C".as_slice(), b"PATH=/usr/local/bin:/usr/bin:/bin"]);
}

#[tokio::test]
async fn a_program_reads_the_file_it_is_given() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), "content").unwrap();
    let output = run_alone(Command::new("cat", LIMITS).input(file.reopen().unwrap())).await.unwrap();
    assert_eq!(output.stdout, b"content");
}

#[tokio::test]
async fn there_is_nothing_to_read() {
    assert_eq!(run_alone(Command::new("cat", LIMITS)).await.unwrap().stdout, b"");
}

#[tokio::test]
async fn a_program_that_is_not_there_is_told_apart() {
    for program in ["reelshelf-no-such-program", "/no/such/program"] {
        let error = run_alone(Command::new(program, LIMITS)).await.unwrap_err();
        assert!(matches!(&error, ProcessError::NotFound { program: named } if named.as_os_str() == program), "{error}");
    }
}

#[tokio::test]
async fn a_file_that_is_no_program_is_not_started() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = run_alone(Command::new(file.path(), LIMITS)).await.unwrap_err();
    assert!(matches!(error, ProcessError::Spawn(_)), "{error}");
}

#[tokio::test]
async fn a_failure_tells_its_status_and_last_words() {
    let error = run_alone(sh("yes 0123456 | head -n 1000 >&2; printf '\\377 no' >&2; exit 3")).await.unwrap_err();
    let ProcessError::Failed { status, stderr_tail } = error else { panic!("{error}") };
    assert_eq!(status.code(), Some(3));
    assert!(stderr_tail.ends_with("0123456\n\u{FFFD} no"), "{stderr_tail}");
    assert!(stderr_tail.len() <= STDERR_TAIL_BYTES + "\u{FFFD}".len());
}

#[tokio::test]
async fn what_a_program_complains_is_little_however_much_it_may_write() {
    let limits = Limits { output: ByteSize::mib(64), ..LIMITS };
    let script = "yes | head -c 1048576; yes | head -c 1048577 >&2";
    let error = run_alone(Command::new("sh", limits).args(["-c", script])).await.unwrap_err();
    assert!(matches!(error, ProcessError::OutputTooLarge { limit: STDERR_BYTES }), "{error}");
}

#[tokio::test]
async fn a_program_killed_by_others_has_failed() {
    let error = run_alone(sh("kill -9 $$")).await.unwrap_err();
    assert!(matches!(error, ProcessError::Failed { status, .. } if status.code().is_none()), "{error}");
}

#[tokio::test]
async fn a_program_has_its_time_and_no_more() {
    let sleep = unique_sleep(1);
    let limits = Limits { time: Duration::from_millis(150), ..LIMITS };
    let command = Command::new("sh", limits).args(["-c", "trap '' TERM; sleep $0 & sleep $0; true", &sleep]);
    let error = run_alone(command).await.unwrap_err();
    assert!(matches!(error, ProcessError::TimedOut { after } if after == limits.time), "{error}");
    until_alive(&sleep, 0).await;
}

#[tokio::test]
async fn a_program_that_is_silent_has_its_time_and_no_more() {
    let limits = Limits { time: Duration::from_millis(50), ..LIMITS };
    let error = run_alone(Command::new("sh", limits).args(["-c", "exec >&- 2>&-; sleep 60"])).await.unwrap_err();
    assert!(matches!(error, ProcessError::TimedOut { .. }), "{error}");
}

#[tokio::test]
async fn too_much_output_ends_a_program_and_its_children() {
    for (test, script) in [(2, "sleep $0 & exec yes"), (3, "sleep $0 & exec yes >&2")] {
        let sleep = unique_sleep(test);
        let error = run_alone(sh(script).arg(&sleep)).await.unwrap_err();
        assert!(matches!(error, ProcessError::OutputTooLarge { limit } if limit == LIMITS.output), "{error}");
        until_alive(&sleep, 0).await;
    }
}

#[tokio::test]
async fn output_up_to_the_limit_is_no_fault() {
    let output = run_alone(sh("head -c 10000 /dev/zero; head -c 10000 /dev/zero >&2")).await.unwrap();
    assert_eq!((output.stdout.len(), output.stderr.len()), (10_000, 10_000));
    let error = run_alone(sh("head -c 10001 /dev/zero")).await.unwrap_err();
    assert!(matches!(error, ProcessError::OutputTooLarge { .. }), "{error}");
}

#[tokio::test]
async fn more_than_a_pipe_holds_on_both_streams_does_not_block() {
    let limits = Limits { output: ByteSize::mib(1), ..LIMITS };
    let script = "head -c 300000 /dev/zero >&2; head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2";
    let output = run_alone(Command::new("sh", limits).args(["-c", script])).await.unwrap();
    assert_eq!((output.stdout.len(), output.stderr.len()), (300_000, 600_000));
}

#[tokio::test]
async fn what_a_program_leaves_running_ends_with_it() {
    let sleep = unique_sleep(4);
    let output = run_alone(sh("sleep $0 & echo done").arg(&sleep)).await.unwrap();
    assert_eq!(output.stdout, b"done\n");
    until_alive(&sleep, 0).await;
}

#[tokio::test]
async fn an_abandoned_program_is_killed_and_reported() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::DEBUG)
            .with_ansi(false)
            .with_writer(log.clone())
            .finish(),
    );
    let sleep = unique_sleep(5);
    tokio::select! {
        result = run_alone(sh("sleep $0 & sleep $0; true").arg(&sleep)) => panic!("{result:?}"),
        () = until_alive(&sleep, 3) => {}
    }
    until_alive(&sleep, 0).await;
    let log = log.text();
    assert!(log.contains("program=sh duration_ms=") && log.contains("outcome=\"abandoned\""), "{log}");
}

#[tokio::test]
async fn every_end_is_reported_once() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::DEBUG)
            .with_ansi(false)
            .with_writer(log.clone())
            .finish(),
    );
    run_alone(sh("true")).await.unwrap();
    run_alone(sh("false")).await.unwrap_err();
    run_alone(Command::new("reelshelf-no-such-program", LIMITS)).await.unwrap_err();
    let log = log.text();
    let outcomes: Vec<_> = log.split("outcome=").skip(1).map(|rest| rest.split('"').nth(1).unwrap()).collect();
    assert_eq!(outcomes, ["ok", "failed", "not_found"]);
}

#[tokio::test]
async fn no_more_programs_run_at_once_than_there_are_slots() {
    let folder = tempfile::tempdir().unwrap();
    let slots = Slots::new(NonZeroUsize::MIN);
    // Fails when the folder is there already: when another has not finished.
    let alone = || run(&slots, sh("mkdir $0 && sleep 0.02 && rmdir $0").arg(folder.path().join("running")));
    let (first, second, third) = tokio::join!(alone(), alone(), alone());
    assert!([first, second, third].iter().all(Result::is_ok));
}

#[tokio::test]
async fn a_slot_is_free_again_after_a_failure_and_when_abandoned() {
    let slots = Slots::new(NonZeroUsize::MIN);
    let sleep = unique_sleep(6);
    run(&slots, sh("exit 1")).await.unwrap_err();
    tokio::select! {
        result = run(&slots, sh("sleep $0; true").arg(&sleep)) => panic!("{result:?}"),
        () = until_alive(&sleep, 2) => {}
    }
    run(&slots, sh("true")).await.unwrap();
}

/// A log in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
