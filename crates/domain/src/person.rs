use std::fmt;
use std::str::FromStr;

use crate::{Error, Result, serde_as_text};

/// An e-mail address, in lower case: whose letters people write large or small is the same person. Not proved to exist;
/// RFC 5321 bounds its length.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email(String);

impl Email {
    /// The longest that mail can be sent to.
    const LONGEST: usize = 254;

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Email {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        let is_plain = !text.chars().any(|character| character.is_whitespace() || character.is_control());
        let has_both = text.rsplit_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty());
        if is_plain && has_both && text.len() <= Self::LONGEST {
            Ok(Self(text.to_lowercase()))
        } else {
            Err(Error::invalid("email", "must be an e-mail address, like ann@example.com"))
        }
    }
}

impl fmt::Display for Email {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

serde_as_text!(Email);

/// What a person wants to be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonName(String);

impl PersonName {
    const LONGEST: usize = 100;

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PersonName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        let length = text.chars().count();
        if (1..=Self::LONGEST).contains(&length) && !text.chars().any(char::is_control) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::invalid("name", "must have 1 to 100 characters on one line"))
        }
    }
}

impl fmt::Display for PersonName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

serde_as_text!(PersonName);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_has_one_spelling() {
        let spelt = ["ann@example.com", " Ann@Example.COM ", "ANN@EXAMPLE.COM"];
        for text in spelt {
            assert_eq!(text.parse::<Email>().unwrap().as_str(), "ann@example.com", "{text:?}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@example.com", "a".repeat(250));
        for text in ["", "ann", "@example.com", "ann@", "a nn@example.com", "ann@exa\nmple.com", &long] {
            assert!(text.parse::<Email>().is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_was_printed_is_parsed_to_the_same(text in "\\PC{0,60}@\\PC{0,60}") {
            if let Ok(email) = text.parse::<Email>() {
                prop_assert_eq!(email.to_string().parse::<Email>().unwrap(), email);
            }
        }

        #[test]
        fn a_name_is_what_is_left_of_it(text in "\\PC{0,120}") {
            if let Ok(name) = text.parse::<PersonName>() {
                prop_assert_eq!(name.to_string().parse::<PersonName>().unwrap(), name);
            }
        }
    }
}
