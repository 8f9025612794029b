//! Why a frame was refused.

use std::fmt;

/// A frame that is no message of this protocol. Nothing of it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// It has more bytes than [`FRAME_BYTES_MAX`](crate::limits::FRAME_BYTES_MAX).
    TooLarge {
        /// How many it has.
        bytes: usize,
    },
    /// It nests deeper than [`DEPTH_MAX`](crate::limits::DEPTH_MAX).
    TooDeep,
    /// It is no JSON object with a `type`.
    NoMessage {
        /// What is wrong, and where.
        problem: String,
    },
    /// Its `type` is none of this direction.
    UnknownType {
        /// The type that it says.
        name: String,
    },
    /// A field is missing, of the wrong type, unknown, or past its bound.
    WrongField {
        /// The message's type.
        message: String,
        /// What is wrong.
        problem: String,
    },
}

impl FrameError {
    /// The stable code that an `error` frame answers with.
    pub fn code(&self) -> &'static str {
        match self {
            FrameError::TooLarge { .. } => "frame_too_large",
            FrameError::TooDeep => "frame_too_deep",
            FrameError::NoMessage { .. } => "invalid_frame",
            FrameError::UnknownType { .. } => "unknown_type",
            FrameError::WrongField { .. } => "invalid_field",
        }
    }
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FrameError::TooLarge { bytes } => {
                let most = crate::limits::FRAME_BYTES_MAX;
                write!(f, "a frame of {bytes} bytes, at most {most}: send it in several")
            }
            FrameError::TooDeep => {
                write!(f, "a frame that nests deeper than {}", crate::limits::DEPTH_MAX)
            }
            FrameError::NoMessage { problem } => {
                write!(f, "no message: {problem}; a frame is one JSON object with a `type`")
            }
            FrameError::UnknownType { name } => {
                write!(
                    f,
                    "unknown type `{name}`: this side doesn't say that in {}",
                    crate::limits::SUBPROTOCOL
                )
            }
            FrameError::WrongField { message, problem } => write!(f, "in `{message}`: {problem}"),
        }
    }
}

impl std::error::Error for FrameError {}
