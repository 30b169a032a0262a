//! What a caller gave, as JSON or as text of a query, read into the fields of one struct. What is wrong is said with the
//! field's name and in words of ours: those of a parser are about our code.

use reelshelf_domain::{Error, Result};
use serde::de::value::{MapDeserializer, StringDeserializer};
use serde::de::{DeserializeOwned, Error as _, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::Value;

/// A flag, as people and programs spell it; nothing is as good as false.
pub(in crate::http) fn flag(field: &'static str, text: &str) -> Result<bool> {
    read_flag(text).ok_or_else(|| Error::invalid(field, FLAG))
}

const FLAG: &str = "must be true or false";

fn read_flag(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "1" => Some(true),
        "" | "false" | "False" | "0" => Some(false),
        _ => None,
    }
}

/// The value of one field.
#[derive(Clone, Debug)]
pub(super) enum Given {
    /// In JSON, where a type is a type.
    Json(Value),
    /// In a query, where everything is text.
    Text(String),
}

impl Given {
    /// Whether it says anything: nothing is said by null, and in a query by an empty text.
    pub(super) fn is_said(&self) -> bool {
        match self {
            Self::Json(value) => !value.is_null(),
            Self::Text(text) => !text.is_empty(),
        }
    }

    /// Whether a value in JSON says the same as a text.
    pub(super) fn says(value: &Value, text: &str) -> bool {
        match value {
            Value::String(value) => value == text,
            Value::Bool(value) => read_flag(text) == Some(*value),
            Value::Number(value) => value.to_string() == text,
            _ => false,
        }
    }
}

/// Reads fields, each by its name.
pub(super) fn read<T: DeserializeOwned>(fields: Vec<(String, Given)>) -> Result<T> {
    let fields = MapDeserializer::new(fields.into_iter());
    serde_path_to_error::deserialize(fields).map_err(|error| {
        let said = error.inner().to_string();
        match said.strip_prefix("duplicate field `").and_then(|rest| rest.split_once('`')) {
            Some((field, _)) => Error::invalid(field.to_owned(), "stands twice; send it once"),
            None => Error::invalid(error.path().to_string(), must(&said)),
        }
    })
}

/// The names of the fields that a struct reads.
pub(super) fn names<T: DeserializeOwned>() -> &'static [&'static str] {
    let mut names: &[&str] = &[];
    // It never succeeds: there is nothing to be read.
    let _ = T::deserialize(Asked(&mut names));
    names
}

/// Hears which fields are asked for, and has none.
struct Asked<'a>(&'a mut &'static [&'static str]);

impl<'de> serde::Deserializer<'de> for Asked<'_> {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(Self::Error::custom("there is nothing"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        *self.0 = fields;
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct
        seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// What a value must be, from what the parser had expected.
fn must(said: &str) -> String {
    match said.rsplit_once(", expected ").map(|(_, expected)| expected) {
        Some("a boolean") => FLAG.to_owned(),
        Some("a sequence") => "must be a list".to_owned(),
        Some("u8" | "u16" | "u32" | "u64" | "usize" | "i64") => "must be a whole number".to_owned(),
        Some("f64") => "must be a number".to_owned(),
        Some("a string") => "must be a string".to_owned(),
        _ => "is not as it must be".to_owned(),
    }
}

impl IntoDeserializer<'_, serde_json::Error> for Given {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// Text is read as what is asked for.
macro_rules! text_as {
    ($($method:ident $visit:ident $number:ty),*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
            match self {
                Self::Text(text) => match text.parse::<$number>() {
                    Ok(number) => visitor.$visit(number),
                    Err(_) => Err(Self::Error::invalid_type(Unexpected::Str(&text), &visitor)),
                },
                Self::Json(value) => value.$method(visitor),
            }
        }
    )*};
}

impl<'de> serde::Deserializer<'de> for Given {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self {
            Self::Json(value) => value.deserialize_any(visitor),
            Self::Text(text) => visitor.visit_string(text),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self {
            Self::Json(value) => value.deserialize_bool(visitor),
            Self::Text(text) => match read_flag(&text) {
                Some(flag) => visitor.visit_bool(flag),
                None => Err(Self::Error::invalid_type(Unexpected::Str(&text), &visitor)),
            },
        }
    }

    text_as!(
        deserialize_u8 visit_u8 u8, deserialize_u16 visit_u16 u16, deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64, deserialize_i64 visit_i64 i64, deserialize_f64 visit_f64 f64
    );

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self {
            Self::Json(Value::Null) => visitor.visit_none(),
            given => visitor.visit_some(given),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        match self {
            Self::Json(value) => value.deserialize_enum(name, variants, visitor),
            Self::Text(text) => StringDeserializer::new(text).deserialize_enum(name, variants, visitor),
        }
    }

    forward_to_deserialize_any! {
        i8 i16 i32 f32 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier
        ignored_any
    }
}
