//! What passes through a state machine stays small.

use serde::Serialize;

/// Step Functions carries at most 256 KiB in a task's input or output; ours stop well short of it.
pub const MAX_TASK_BYTES: usize = 200_000;

/// A task's output would not fit through the state machine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a task's output of {bytes} bytes is over the limit of {MAX_TASK_BYTES}")]
pub struct TaskTooLarge {
    /// Size of the output.
    pub bytes: usize,
}

/// Passes `output` on if it fits through the state machine.
pub fn within_task_limit<T: Serialize>(output: T) -> Result<T, TaskTooLarge> {
    match serde_json::to_vec(&output).map_or(usize::MAX, |json| json.len()) {
        bytes if bytes > MAX_TASK_BYTES => Err(TaskTooLarge { bytes }),
        _ => Ok(output),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_that_would_not_fit_is_refused() {
        assert!(within_task_limit("x".repeat(MAX_TASK_BYTES - 2)).is_ok());
        assert_eq!(
            within_task_limit("x".repeat(MAX_TASK_BYTES - 1)),
            Err(TaskTooLarge { bytes: MAX_TASK_BYTES + 1 })
        );
    }
}
