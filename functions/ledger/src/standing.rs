//! `standing.txt`: a mark for each of a run's devices, where the account was listed for it.

/// What a listing of the account showed of a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// Not enough: it is to be asked for.
    #[default]
    Unknown,
    /// It stands whole, but for what listings do not tell.
    Whole,
    /// Neither its thing nor its certificate is there.
    Absent,
}

impl Standing {
    /// Its mark.
    pub const fn mark(self) -> u8 {
        match self {
            Self::Unknown => b'0',
            Self::Whole => b'1',
            Self::Absent => b'-',
        }
    }

    /// What a mark says. One that is not known says nothing.
    pub const fn of_mark(mark: u8) -> Self {
        match mark {
            b'1' => Self::Whole,
            b'-' => Self::Absent,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_says_what_it_was_put_for() {
        for standing in [Standing::Unknown, Standing::Whole, Standing::Absent] {
            assert_eq!(Standing::of_mark(standing.mark()), standing);
        }
        assert_eq!(Standing::of_mark(b'?'), Standing::Unknown);
    }
}
