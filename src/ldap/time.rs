//! Points in time, as directories and people write them.
//!
//! `GeneralizedTime` (RFC 4517, 3.3.13), in all its forms:
//!
//! ```text
//! GeneralizedTime = century year month day hour [ minute [ second / leap-second ] ] [ fraction ] g-time-zone
//! fraction        = ( "." / "," ) 1*DIGIT          ; of the last unit written: hour, minute or second
//! g-time-zone     = "Z" / ( ( "-" / "+" ) hour [ minute ] )
//! ```
//!
//! ISO 8601, in the extended format only. A time needs a time zone, because otherwise its meaning depends on the machine:
//!
//! ```text
//! date      = YYYY-MM-DD
//! date-time = date ( "T" / " " ) hh:mm [ ":" ss [ fraction ] ] ( "Z" / ( "+" / "-" ) hh [ [ ":" ] mm ] )
//! ```
//!
//! Second 60 (a leap second) is read as the second after 59. Fractions of a nanosecond are truncated.
//!
//! The basic format of ISO 8601 (`20060217T074523Z`), as in the `lastPurgeDate` of Sun's technical note 819-6839, is refused
//! with an error that names the format.

use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};

/// The reason why a text is not a point in time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} (at byte {offset})")]
pub struct TimeError {
    /// Offset in the text, in bytes from 0.
    pub offset: usize,
    /// The error at that offset.
    pub kind: TimeErrorKind,
}

/// The kinds of [`TimeError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeErrorKind {
    /// Digits are missing.
    #[error("expected {0} digits of the {1}")]
    Digits(usize, &'static str),
    /// A certain character is missing.
    #[error("expected `{0}`")]
    Expected(char),
    /// A `.` or `,` is not followed by a digit.
    #[error("a fraction needs at least one digit")]
    EmptyFraction,
    /// There is no `Z`, `+hhmm` or `-hhmm`.
    #[error("the time zone is missing: write `Z` for UTC, or an offset such as `+0100`")]
    MissingZone,
    /// The text is in the basic format of ISO 8601.
    #[error("a `T` between date and time is ISO 8601, not GeneralizedTime (RFC 4517, 3.3.13): YYYYMMDDHHMMSSZ")]
    IsoBasic,
    /// Text follows the time zone or the date.
    #[error("unexpected text after the end of the time")]
    Trailing,
    /// A number is out of its range, such as month 13.
    #[error("the {0} is out of range")]
    OutOfRange(&'static str),
    /// The month does not have this day, such as 30 February.
    #[error("this day does not exist")]
    NoSuchDay,
    /// The time is outside the range that can be represented.
    #[error("the time is out of range")]
    TooFar,
}

/// Reads a `GeneralizedTime` value.
pub fn generalized_time(value: &[u8]) -> Result<Timestamp, TimeError> {
    let mut text = Cursor { text: value, at: 0 };
    let date = text.date(None)?;
    if matches!(text.peek(), Some(b'T' | b't')) {
        return Err(text.error(TimeErrorKind::IsoBasic));
    }
    let mut clock = SignedDuration::from_hours(text.number(2, "hour", 0..=23)?);
    let mut unit = SignedDuration::from_hours(1);
    if text.at_digit() {
        clock += SignedDuration::from_mins(text.number(2, "minute", 0..=59)?);
        unit = SignedDuration::from_mins(1);
    }
    if unit < SignedDuration::from_hours(1) && text.at_digit() {
        clock += SignedDuration::from_secs(text.number(2, "second", 0..=60)?);
        unit = SignedDuration::from_secs(1);
    }
    clock += text.fraction(unit)?;
    let offset = text.zone(Colon::Never)?;
    text.end()?;
    timestamp(date, clock - offset)
}

/// Reads an ISO 8601 date (`2026-01-31`).
pub fn iso_date(value: &[u8]) -> Result<civil::Date, TimeError> {
    let mut text = Cursor { text: value, at: 0 };
    let date = text.date(Some(b'-'))?;
    text.end()?;
    Ok(date)
}

/// Reads an ISO 8601 date and time with its zone (`2026-01-31T12:00:00Z`).
pub fn iso_date_time(value: &[u8]) -> Result<Timestamp, TimeError> {
    let mut text = Cursor { text: value, at: 0 };
    let date = text.date(Some(b'-'))?;
    if !matches!(text.peek(), Some(b'T' | b't' | b' ')) {
        return Err(text.error(TimeErrorKind::Expected('T')));
    }
    text.at += 1;
    let mut clock = SignedDuration::from_hours(text.number(2, "hour", 0..=23)?);
    text.expect(b':')?;
    clock += SignedDuration::from_mins(text.number(2, "minute", 0..=59)?);
    if text.peek() == Some(b':') {
        text.at += 1;
        clock += SignedDuration::from_secs(text.number(2, "second", 0..=60)?);
        clock += text.fraction(SignedDuration::from_secs(1))?;
    }
    let offset = text.zone(Colon::Allowed)?;
    text.end()?;
    timestamp(date, clock - offset)
}

/// Reads any of the three forms as a day in UTC.
///
/// The fifth byte decides which form the text is read as, so that an error message is about that form.
pub fn utc_date(value: &[u8]) -> Result<civil::Date, TimeError> {
    let instant = match (value.get(4), value.len()) {
        (Some(b'-'), ..=10) => return iso_date(value),
        (Some(b'-'), _) => iso_date_time(value)?,
        _ => generalized_time(value)?,
    };
    Ok(instant.to_zoned(TimeZone::UTC).date())
}

/// The number of days from one day to another, both in UTC; negative if `from` is later than `to`.
///
/// If the result is greater than `n`, more than `n` times 24 hours have passed at any hour of `to`. So counting by dates never
/// shortens a grace period.
pub fn days_between(from: civil::Date, to: civil::Date) -> i64 {
    // Two dates are at most 20,000 years apart, so this neither rounds nor overflows.
    to.duration_since(from).as_hours() / 24
}

/// Writes a time as `YYYYMMDDHHMMSSZ`, truncated to the second: the form that every server accepts.
pub fn to_generalized_time(instant: Timestamp) -> String {
    let utc = instant.to_zoned(TimeZone::UTC).datetime();
    format!(
        "{:04}{:02}{:02}{:02}{:02}{:02}Z",
        utc.year(),
        utc.month(),
        utc.day(),
        utc.hour(),
        utc.minute(),
        utc.second()
    )
}

fn timestamp(date: civil::Date, since_midnight: SignedDuration) -> Result<Timestamp, TimeError> {
    date.to_zoned(TimeZone::UTC)
        .and_then(|midnight| midnight.timestamp().checked_add(since_midnight))
        .map_err(|_| TimeError { offset: 0, kind: TimeErrorKind::TooFar })
}

/// Whether an offset may have a colon between hours and minutes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Colon {
    Never,
    Allowed,
}

/// A text and the position up to which it was read.
struct Cursor<'t> {
    text: &'t [u8],
    /// In bytes from 0.
    at: usize,
}

impl Cursor<'_> {
    fn error(&self, kind: TimeErrorKind) -> TimeError {
        TimeError { offset: self.at, kind }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn at_digit(&self) -> bool {
        self.peek().is_some_and(|byte| byte.is_ascii_digit())
    }

    fn expect(&mut self, byte: u8) -> Result<(), TimeError> {
        if self.peek() != Some(byte) {
            return Err(self.error(TimeErrorKind::Expected(byte.into())));
        }
        self.at += 1;
        Ok(())
    }

    fn end(&self) -> Result<(), TimeError> {
        if self.at < self.text.len() { Err(self.error(TimeErrorKind::Trailing)) } else { Ok(()) }
    }

    /// Reads a number of exactly `digits` digits. On error, the cursor stays at the start of the number.
    fn number(
        &mut self,
        digits: usize,
        name: &'static str,
        range: std::ops::RangeInclusive<i64>,
    ) -> Result<i64, TimeError> {
        let number = self
            .text
            .get(self.at..self.at + digits)
            .filter(|text| text.iter().all(u8::is_ascii_digit))
            .ok_or_else(|| self.error(TimeErrorKind::Digits(digits, name)))?
            .iter()
            .fold(0, |number, digit| number * 10 + i64::from(digit - b'0'));
        if !range.contains(&number) {
            return Err(self.error(TimeErrorKind::OutOfRange(name)));
        }
        self.at += digits;
        Ok(number)
    }

    /// Reads a date, with a separator between its parts or without.
    fn date(&mut self, separator: Option<u8>) -> Result<civil::Date, TimeError> {
        let start = self.at;
        let year = self.number(4, "year", 0..=9999)?;
        separator.map_or(Ok(()), |byte| self.expect(byte))?;
        let month = self.number(2, "month", 1..=12)?;
        separator.map_or(Ok(()), |byte| self.expect(byte))?;
        let day = self.number(2, "day", 1..=31)?;
        // The numbers are in the ranges above. Only the day may not exist in the month.
        let parts = (i16::try_from(year), i8::try_from(month), i8::try_from(day));
        match parts {
            (Ok(year), Ok(month), Ok(day)) => civil::Date::new(year, month, day).ok(),
            _ => None,
        }
        .ok_or(TimeError { offset: start, kind: TimeErrorKind::NoSuchDay })
    }

    /// Reads a decimal fraction of `unit`; zero if there is none.
    fn fraction(&mut self, unit: SignedDuration) -> Result<SignedDuration, TimeError> {
        if !matches!(self.peek(), Some(b'.' | b',')) {
            return Ok(SignedDuration::ZERO);
        }
        self.at += 1;
        if !self.at_digit() {
            return Err(self.error(TimeErrorKind::EmptyFraction));
        }
        let (mut numerator, mut denominator) = (0_i128, 1_i128);
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            // Eighteen digits are more precise than a nanosecond in an hour. Further digits are ignored.
            if denominator < 1_000_000_000_000_000_000 {
                numerator = numerator * 10 + i128::from(digit - b'0');
                denominator *= 10;
            }
            self.at += 1;
        }
        let nanoseconds = unit.as_nanos() * numerator / denominator;
        i64::try_from(nanoseconds).map(SignedDuration::from_nanos).map_err(|_| self.error(TimeErrorKind::TooFar))
    }

    /// Reads a time zone: the offset from UTC, positive to the east.
    fn zone(&mut self, colon: Colon) -> Result<SignedDuration, TimeError> {
        let sign = match self.peek() {
            Some(b'Z' | b'z') => {
                self.at += 1;
                return Ok(SignedDuration::ZERO);
            }
            Some(b'+') => 1,
            Some(b'-') => -1,
            None => return Err(self.error(TimeErrorKind::MissingZone)),
            Some(_) => return Err(self.error(TimeErrorKind::Expected('Z'))),
        };
        self.at += 1;
        let hours = self.number(2, "hour of the time zone", 0..=23)?;
        let with_colon = colon == Colon::Allowed && self.peek() == Some(b':');
        if with_colon {
            self.at += 1;
        }
        let minutes =
            if with_colon || self.at_digit() { self.number(2, "minute of the time zone", 0..=59)? } else { 0 };
        Ok(SignedDuration::from_mins(sign * (hours * 60 + minutes)))
    }
}

#[cfg(test)]
mod tests {
    use TimeErrorKind as K;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn generalized_times() {
        let table = [
            ("20060217074523Z", "2006-02-17T07:45:23Z"),
            ("200602170745Z", "2006-02-17T07:45:00Z"),
            ("2006021707Z", "2006-02-17T07:00:00Z"),
            ("2006021707.5Z", "2006-02-17T07:30:00Z"),
            ("2006021707,25Z", "2006-02-17T07:15:00Z"),
            ("200602170745.5Z", "2006-02-17T07:45:30Z"),
            ("20060217074523.0Z", "2006-02-17T07:45:23Z"),
            ("20060217074523.123456789Z", "2006-02-17T07:45:23.123456789Z"),
            ("20060217074523.1234567891999999999999999Z", "2006-02-17T07:45:23.123456789Z"),
            ("20060217084523+0100", "2006-02-17T07:45:23Z"),
            ("20060217084523+01", "2006-02-17T07:45:23Z"),
            ("20060217001523-0730", "2006-02-17T07:45:23Z"),
            ("20051231233000-0100", "2006-01-01T00:30:00Z"),
            ("20051231235960Z", "2006-01-01T00:00:00Z"),
            ("00000101000000Z", "0000-01-01T00:00:00Z"),
            ("20060217074523z", "2006-02-17T07:45:23Z"),
        ];
        for (text, expected) in table {
            let expected: Timestamp = expected.parse().unwrap();
            assert_eq!(generalized_time(text.as_bytes()), Ok(expected), "{text}");
        }
    }

    #[test]
    fn refuses_other_texts() {
        let table = [
            ("", 0, K::Digits(4, "year")),
            ("20060217T074523Z", 8, K::IsoBasic),
            ("2006021Z", 6, K::Digits(2, "day")),
            ("20060217Z", 8, K::Digits(2, "hour")),
            ("20060217074523", 14, K::MissingZone),
            ("2006021707452Z", 12, K::Digits(2, "second")),
            ("20061317074523Z", 4, K::OutOfRange("month")),
            ("20060230074523Z", 0, K::NoSuchDay),
            ("20060217244523Z", 8, K::OutOfRange("hour")),
            ("20060217076023Z", 10, K::OutOfRange("minute")),
            ("20060217074561Z", 12, K::OutOfRange("second")),
            ("20060217074523.Z", 15, K::EmptyFraction),
            ("20060217074523+2400", 15, K::OutOfRange("hour of the time zone")),
            ("20060217074523+01:00", 17, K::Trailing),
            ("20060217074523Z ", 15, K::Trailing),
            ("20060217074523 Z", 14, K::Expected('Z')),
            ("2006-02-17", 4, K::Digits(2, "month")),
            ("99991231235959-2359", 0, K::TooFar),
        ];
        for (text, offset, kind) in table {
            assert_eq!(generalized_time(text.as_bytes()), Err(TimeError { offset, kind }), "{text}");
        }
        // "٢" is a digit to Unicode, not to RFC 4517.
        assert!(generalized_time("٢٠٢٦".as_bytes()).is_err());
    }

    #[test]
    fn iso_date_times() {
        let table = [
            ("2006-02-17T07:45:23Z", Ok("2006-02-17T07:45:23Z")),
            ("2006-02-17 07:45Z", Ok("2006-02-17T07:45:00Z")),
            ("2006-02-17T08:45:23.5+01:00", Ok("2006-02-17T07:45:23.5Z")),
            ("2006-02-17T08:45:23+0100", Ok("2006-02-17T07:45:23Z")),
            ("2006-02-17T07:45:23", Err((19, K::MissingZone))),
            ("2006-02-17", Err((10, K::Expected('T')))),
            ("2006-02-17T07:45:23+01:", Err((23, K::Digits(2, "minute of the time zone")))),
            ("20060217T074523Z", Err((4, K::Expected('-')))),
        ];
        for (text, expected) in table {
            let expected =
                expected.map(|text| text.parse().unwrap()).map_err(|(offset, kind)| TimeError { offset, kind });
            assert_eq!(iso_date_time(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn days_in_utc() {
        let table = [
            ("2006-02-17", Ok((2006, 2, 17))),
            ("2024-02-29", Ok((2024, 2, 29))),
            ("2006-02-17T23:30:00-01:00", Ok((2006, 2, 18))),
            ("20060217233000-0100", Ok((2006, 2, 18))),
            ("2023-02-29", Err((0, K::NoSuchDay))),
            ("2006-2-17", Err((5, K::Digits(2, "month")))),
            ("17.02.2006", Err((0, K::Digits(4, "year")))),
            ("20060217T074523Z", Err((8, K::IsoBasic))),
        ];
        for (text, expected) in table {
            let expected = expected
                .map(|(year, month, day)| civil::date(year, month, day))
                .map_err(|(offset, kind)| TimeError { offset, kind });
            assert_eq!(utc_date(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn counts_whole_days() {
        let day = civil::date;
        assert_eq!(days_between(day(2006, 2, 17), day(2006, 2, 22)), 5);
        assert_eq!(days_between(day(2006, 2, 22), day(2006, 2, 17)), -5);
        assert_eq!(days_between(day(2024, 2, 28), day(2024, 3, 1)), 2);
        assert_eq!(days_between(day(0, 1, 1), day(9999, 12, 31)), 3_652_424);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(second in -62_167_219_200_i64..253_402_207_200) {
            let instant = Timestamp::from_second(second).unwrap();
            prop_assert_eq!(generalized_time(to_generalized_time(instant).as_bytes()), Ok(instant));
        }

        #[test]
        fn any_bytes_give_an_answer(value in proptest::collection::vec(any::<u8>(), 0..24)) {
            for result in [generalized_time(&value), iso_date_time(&value)] {
                if let Err(error) = result {
                    prop_assert!(error.offset <= value.len());
                }
            }
        }
    }
}
