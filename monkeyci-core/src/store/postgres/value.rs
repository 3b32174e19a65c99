//! Parameters and columns of statements, between ours and PostgreSQL's.

use std::borrow::Cow;
use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::store::{Row, Value};

/// Begins what stands for a character that PostgreSQL has no room for. No text has it: it is no character.
const ESCAPE: char = '\u{FDD0}';

/// A text as PostgreSQL can keep it, which holds no NUL.
pub(super) fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['\0', ESCAPE]) {
        return text.into();
    }
    // The escape itself first: what follows puts more of them in.
    text.replace(ESCAPE, "\u{FDD0}1").replace('\0', "\u{FDD0}0").into()
}

/// The text that was kept.
pub(super) fn unescape(text: String) -> String {
    if !text.contains(ESCAPE) {
        return text;
    }
    text.replace("\u{FDD0}0", "\0").replace("\u{FDD0}1", "\u{FDD0}")
}

impl ToSql for Value {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Integer(number) => number.to_sql(kind, out),
            Self::Text(text) => escape(text).as_ref().to_sql(kind, out),
            Self::Bytes(bytes) => bytes.as_slice().to_sql(kind, out),
        }
    }

    /// Each is bound to the type that `kind` declares of it.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// The type that a parameter is declared to have. One that is null is no part of its statement.
pub(super) fn kind(value: &Value) -> Type {
    match value {
        Value::Integer(_) => Type::INT8,
        Value::Bytes(_) => Type::BYTEA,
        Value::Text(_) | Value::Null => Type::TEXT,
    }
}

/// The statement with `NULL` for each parameter that is: PostgreSQL gives types to parameters, and in `$1 IS NULL` there
/// is nothing that it could tell one from, while `NULL` may stand anywhere.
pub(super) fn with_nulls<'a>(sql: &'a str, parameters: &[Value]) -> Cow<'a, str> {
    if !parameters.contains(&Value::Null) {
        return sql.into();
    }
    let mut parts = sql.split('$');
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.len() - part.trim_start_matches(|character: char| character.is_ascii_digit()).len();
        let number = part[..digits].parse::<usize>().unwrap_or_default();
        match number.checked_sub(1).and_then(|index| parameters.get(index)) {
            Some(Value::Null) => whole.push_str("NULL"),
            _ => {
                whole.push('$');
                whole.push_str(&part[..digits]);
            }
        }
        whole.push_str(&part[digits..]);
    }
    whole.into()
}

/// What stands in a column, of the types that statements for both databases have.
struct Column(Value);

impl<'a> FromSql<'a> for Column {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(match *kind {
            Type::INT8 => Value::Integer(i64::from_sql(kind, raw)?),
            Type::INT4 => Value::Integer(i32::from_sql(kind, raw)?.into()),
            Type::INT2 => Value::Integer(i16::from_sql(kind, raw)?.into()),
            Type::BOOL => Value::Integer(bool::from_sql(kind, raw)?.into()),
            Type::BYTEA => Value::Bytes(raw.to_owned()),
            _ => Value::Text(unescape(String::from_sql(kind, raw)?)),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Value::Null))
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::INT8 | Type::INT4 | Type::INT2 | Type::BOOL | Type::BYTEA)
            || <String as FromSql>::accepts(kind)
    }
}

/// A row as statements for both databases read it.
pub(super) fn row(row: &tokio_postgres::Row) -> Result<Row, tokio_postgres::Error> {
    let values = (0..row.len()).map(|column| row.try_get::<_, Column>(column).map(|column| column.0));
    values.collect::<Result<_, _>>().map(Row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values;

    #[test]
    fn a_text_comes_back_whatever_is_in_it() {
        for text in ["", "plain", "\0", "a\0b\0", "\u{FDD0}", "\u{FDD0}0", "\u{FDD0}1\0", "é\0\u{FDD0}\0"] {
            let kept = escape(text);
            assert!(!kept.contains('\0'), "{text:?}");
            assert_eq!(unescape(kept.into_owned()), text);
        }
    }

    #[test]
    fn nulls_are_written_into_the_statement_and_the_others_keep_their_numbers() {
        let none: Option<&str> = None;
        let sql = "SELECT 1 WHERE ($1 IS NULL OR a = $1) AND b = $2 AND c = $11 AND d = $10";
        assert_eq!(
            with_nulls(sql, values![none, 1_i64, 0_i64, 0_i64, 0_i64, 0_i64, 0_i64, 0_i64, 0_i64, 7_i64, none]),
            "SELECT 1 WHERE (NULL IS NULL OR a = NULL) AND b = $2 AND c = NULL AND d = $10"
        );
        assert_eq!(with_nulls("SELECT $1", values![1_i64]), "SELECT $1");
    }
}
