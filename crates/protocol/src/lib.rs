//! What engines and the Cloud server say to each other: the WebSocket subprotocol `limitr.v1`, one JSON object a frame. No I/O.
//!
//! 1. A frame is read in three steps, each with its own error: its size and depth, its `type`, its fields and their bounds.
//! 2. Leases and acknowledgements carry totals, never differences: a frame that is heard twice, or not at all before the next one,
//!    does no harm.
//! 3. An answer names what it answers (customer and what, or numbers), so there are no request numbers.
//!
//! ```
//! use limitr_protocol::{Up, read_up, write};
//! let frame = write(&Up::Ping {})?;
//! assert_eq!(frame, r#"{"type":"ping"}"#);
//! assert_eq!(read_up(&frame)?, Up::Ping {});
//! assert_eq!(read_up(r#"{"type":"sing"}"#).unwrap_err().code(), "unknown_type");
//! # Ok::<(), limitr_protocol::FrameError>(())
//! ```

mod bounds;
mod down;
mod error;
pub mod limits;
mod up;
mod words;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use bounds::{Bounded, Check};
pub use down::{Bounds, DenyReason, Down, Known, PolicyRef, UpTo};
pub use error::FrameError;
pub use limitr_engine::What;
pub use up::{Earlier, Ensured, Held, Resume, Up};
pub use words::{InstanceId, Sent};

/// Reads a frame from an engine.
///
/// # Errors
/// [`FrameError`], the first problem that is found.
pub fn read_up(frame: &str) -> Result<Up, FrameError> {
    read(frame)
}

/// Reads a frame from the server.
///
/// # Errors
/// As [`read_up`].
pub fn read_down(frame: &str) -> Result<Down, FrameError> {
    read(frame)
}

/// Writes a frame.
///
/// # Errors
/// [`FrameError::TooLarge`]: what is sent must be split before.
pub fn write(message: &impl Serialize) -> Result<String, FrameError> {
    let text = serde_json::to_string(message).map_err(|error| no_message(&error))?;
    match text.len() {
        bytes if bytes > limits::FRAME_BYTES_MAX => Err(FrameError::TooLarge { bytes }),
        _ => Ok(text),
    }
}

/// The one field that every frame has.
#[derive(Deserialize)]
struct Typed<'a> {
    #[serde(rename = "type", borrow)]
    name: std::borrow::Cow<'a, str>,
}

fn read<M: DeserializeOwned + Bounded>(frame: &str) -> Result<M, FrameError> {
    if frame.len() > limits::FRAME_BYTES_MAX {
        return Err(FrameError::TooLarge { bytes: frame.len() });
    }
    if depth(frame) > limits::DEPTH_MAX {
        return Err(FrameError::TooDeep);
    }
    let Typed { name } = serde_json::from_str(frame).map_err(|error| no_message(&error))?;
    if !M::TYPES.contains(&&*name) {
        let name: String = name.chars().take(limits::NAME_BYTES_MAX).collect();
        return Err(FrameError::UnknownType { name });
    }
    let wrong = |problem: String| {
        let problem = problem.chars().take(limits::NAME_BYTES_MAX).collect(); // it may quote the frame
        FrameError::WrongField { message: name.to_string(), problem }
    };
    let message: M = serde_json::from_str(frame).map_err(|error| wrong(error.to_string()))?;
    let mut check = Check::default();
    message.check(&mut check);
    match check.problem {
        Some(problem) => Err(wrong(problem)),
        None => Ok(message),
    }
}

fn no_message(error: &serde_json::Error) -> FrameError {
    FrameError::NoMessage { problem: error.to_string() }
}

/// How deep objects and lists nest: counted without recursion, before anything is read.
fn depth(frame: &str) -> usize {
    let (mut depth, mut deepest, mut in_text, mut escaped) = (0_usize, 0_usize, false, false);
    for byte in frame.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}
