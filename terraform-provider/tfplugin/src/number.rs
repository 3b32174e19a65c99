//! Numbers of Terraform, which have no size that they end at.

use std::fmt;

/// A number. What Terraform sent goes back as it came: 0.1 stays a tenth, and does not become the nearest fraction of
/// two.
#[derive(Clone, Debug, PartialEq)]
pub struct Number(Form);

#[derive(Clone, Debug, PartialEq)]
enum Form {
    Int(i128),
    /// Exactly this, and not whole.
    Float(f64),
    /// Decimal digits that neither of the others holds.
    Decimal(String),
}

/// No floating point number has a larger exponent.
const LONGEST_SHIFT: usize = 400;

/// How a number goes over the wire.
pub(crate) enum Wire<'a> {
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Text(std::borrow::Cow<'a, str>),
}

impl Number {
    /// Reads decimal digits, with an exponent or without.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(int) = text.parse() {
            return Some(Self(Form::Int(int)));
        }
        let is_decimal = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
        let float: f64 = text.parse().ok().filter(|_| is_decimal)?;
        let plain = plain(text)?;
        let digits = plain.as_str();
        if let Ok(int) = digits.parse() {
            return Some(Self(Form::Int(int)));
        }
        if float.is_finite() && exactly(float) == digits {
            return Some(Self::exact(float));
        }
        Some(Self(Form::Decimal(digits.to_owned())))
    }

    /// Exactly this number; nothing where it is none.
    pub(crate) fn of_wire(float: f64) -> Option<Self> {
        float.is_finite().then(|| Self::exact(float))
    }

    fn exact(float: f64) -> Self {
        // Whole numbers up to here are exact on both sides.
        let limit = 9_007_199_254_740_992.0;
        if float.fract() == 0.0 && float.abs() <= limit {
            #[expect(clippy::cast_possible_truncation, reason = "whole, and within the limit")]
            return Self(Form::Int(float as i128));
        }
        Self(Form::Float(float))
    }

    /// As a whole number, where it is one.
    pub fn as_int(&self) -> Option<i128> {
        match self.0 {
            Form::Int(int) => Some(int),
            _ => None,
        }
    }

    /// The nearest floating point number.
    pub fn as_f64(&self) -> f64 {
        match &self.0 {
            #[expect(clippy::cast_precision_loss, reason = "the nearest is asked for")]
            Form::Int(int) => *int as f64,
            Form::Float(float) => *float,
            Form::Decimal(text) => text.parse().unwrap_or(f64::NAN),
        }
    }

    pub(crate) fn wire(&self) -> Wire<'_> {
        match &self.0 {
            Form::Int(int) => match (i64::try_from(*int), u64::try_from(*int)) {
                (Ok(int), _) => Wire::Signed(int),
                (_, Ok(int)) => Wire::Unsigned(int),
                _ => Wire::Text(int.to_string().into()),
            },
            Form::Float(float) => Wire::Float(*float),
            Form::Decimal(text) => Wire::Text(text.as_str().into()),
        }
    }
}

/// The same number without an exponent and without zeros at its end; as it is where that would be very long.
fn plain(text: &str) -> Option<String> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i64 = exponent.parse().ok()?;
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa.trim_start_matches('+')),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let Some(shift) = usize::try_from(exponent.unsigned_abs()).ok().filter(|shift| *shift <= LONGEST_SHIFT) else {
        return Some(text.to_owned());
    };
    let zeros = "0".repeat(shift);
    let (whole, fraction) = if exponent < 0 {
        let digits = format!("{zeros}{whole}");
        let (left, right) = digits.split_at(digits.len() - shift);
        (left.to_owned(), format!("{right}{fraction}"))
    } else {
        let digits = format!("{fraction}{zeros}");
        let (left, right) = digits.split_at(shift);
        (format!("{whole}{left}"), right.to_owned())
    };
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let whole = if whole.is_empty() { "0" } else { whole };
    Some(if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
}

/// All decimal digits that the number has.
fn exactly(float: f64) -> String {
    let digits = format!("{float:.1074}");
    digits.trim_end_matches('0').trim_end_matches('.').to_owned()
}

macro_rules! whole {
    ($($int:ty)*) => {$(
        impl From<$int> for Number {
            fn from(int: $int) -> Self {
                Self(Form::Int(i128::from(int)))
            }
        }
    )*};
}
whole!(i8 i16 i32 i64 u8 u16 u32 u64);

/// The number that a person would write: 0.1 is a tenth. What is not finite is 0, for Terraform has no such numbers.
impl From<f64> for Number {
    fn from(float: f64) -> Self {
        Self::parse(&float.to_string()).unwrap_or(Self(Form::Int(0)))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Int(int) => int.fmt(f),
            Form::Float(float) => f.write_str(&exactly(*float)),
            Form::Decimal(text) => f.write_str(text),
        }
    }
}
