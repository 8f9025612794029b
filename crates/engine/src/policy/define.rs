//! How a document object is defined: once.
//!
//! [`object!`] takes the fields of one object (name, type, default, example, meaning) and from that one list come
//! the struct, its defaults, the reader, the writer, the JSON Schema and the field table of the manual.
//! [`choices!`] does the same for a field that takes one of a few words. Adding a field is adding a line there.

/// Defines a document object. Each field is
///
/// ```text
/// /// Meaning.
/// name | alias: Type = [default], "example in JSON";
/// ```
///
/// where the default `required` makes the field one that must be given. `short field` after the object's name lets
/// the whole object be written as the value of that one field. A last line `.. name: Type, "meaning";` takes the
/// fields that are not listed.
macro_rules! object {
    (
        $(#[doc = $about:literal])+
        pub struct $object:ident, $word:literal $(, short $short:ident)? {
            $(
                $(#[doc = $doc:literal])+
                $field:ident $(| $alias:ident)* : $type:ty = [$($default:tt)+], $example:literal;
            )*
            $( .. $rest:ident : $rest_type:ty, $rest_doc:literal; )?
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, PartialEq)]
        pub struct $object {
            $( $(#[doc = $doc])+ pub $field: $type, )*
            $( #[doc = $rest_doc] pub $rest: $rest_type, )?
        }

        impl Default for $object {
            fn default() -> Self {
                Self {
                    $( $field: object!(@default $($default)+), )*
                    $( $rest: Default::default(), )?
                }
            }
        }

        impl $crate::policy::object::Object for $object {
            const WORD: &'static str = $word;
            const SHORT: Option<&'static str> = object!(@short $($short)?);
            const KNOWN: &'static [$crate::policy::object::Known] = &[
                $( $crate::policy::object::Known {
                    name: stringify!($field),
                    aliases: &[$(stringify!($alias)),*],
                    required: object!(@required $($default)+),
                }, )*
            ];

            fn definition() -> $crate::policy::object::Definition {
                let default = Self::default();
                $crate::policy::object::Definition {
                    word: $word,
                    about: [$($about),+].concat(),
                    short: Self::SHORT,
                    known: Self::KNOWN,
                    fields: vec![$(
                        $crate::policy::object::Field::new(
                            stringify!($field), [$($doc),+].concat(), $example, &default.$field,
                        ),
                    )*],
                    rest: object!(@rest $($rest_type, $rest_doc)?),
                }
            }

            fn read_field<'a>(
                &mut self,
                name: &str,
                node: &'a $crate::policy::parse::tree::Node,
                report: &mut $crate::policy::report::Report<'a>,
            ) -> bool {
                $( if name == stringify!($field) $(|| name == stringify!($alias))* {
                    if let Some(value) = $crate::policy::kind::Kind::read(node, report) {
                        self.$field = value;
                    }
                    return true;
                } )*
                false
            }

            $( fn read_rest<'a>(
                &mut self,
                entry: &'a $crate::policy::parse::tree::Entry,
                report: &mut $crate::policy::report::Report<'a>,
            ) {
                $crate::policy::kind::Rest::take(&mut self.$rest, entry, report);
            } )?

            fn write_fields(&self, out: &mut serde_json::Map<String, serde_json::Value>) {
                let default = Self::default();
                $( if object!(@required $($default)+) || self.$field != default.$field {
                    out.insert(stringify!($field).to_owned(), $crate::policy::kind::Kind::write(&self.$field));
                } )*
                $( $crate::policy::kind::Rest::give(&self.$rest, out); )?
            }
        }
    };
    (@default required) => { Default::default() };
    (@default $default:expr) => { $default };
    (@required required) => { true };
    (@required $default:expr) => { false };
    (@short) => { None };
    (@short $short:ident) => { Some(stringify!($short)) };
    (@rest) => { None };
    (@rest $type:ty, $doc:literal) => { Some($crate::policy::object::RestOf::new::<$type>($doc)) };
}

/// Defines a field that takes one of a few words. The first is the default. The code is that of a word which isn't
/// one of them.
macro_rules! choices {
    (
        $(#[doc = $about:literal])+
        pub enum $choice:ident, $what:literal, $code:ident {
            $first:ident = $first_word:literal, $first_doc:literal;
            $( $variant:ident = $variant_word:literal, $doc:literal; )*
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub enum $choice {
            #[doc = $first_doc]
            #[default]
            $first,
            $( #[doc = $doc] $variant, )*
        }

        impl $choice {
            /// The word that stands for it in a document.
            pub const fn word(self) -> &'static str {
                match self {
                    Self::$first => $first_word,
                    $( Self::$variant => $variant_word, )*
                }
            }

            /// The one that a word stands for, or `None`.
            pub fn from_word(word: &str) -> Option<Self> {
                match word {
                    $first_word => Some(Self::$first),
                    $( $variant_word => Some(Self::$variant), )*
                    _ => None,
                }
            }
        }

        impl $crate::policy::kind::Choice for $choice {
            const WHAT: &'static str = $what;
            const CODE: &'static str = $crate::policy::codes::$code;
            const WORDS: &'static [(&'static str, &'static str)] =
                &[($first_word, $first_doc), $( ($variant_word, $doc) ),*];

            fn of(word: &str) -> Option<Self> {
                Self::from_word(word)
            }
        }

        impl $crate::policy::kind::Kind for $choice {
            fn read<'a>(
                node: &'a $crate::policy::parse::tree::Node,
                report: &mut $crate::policy::report::Report<'a>,
            ) -> Option<Self> {
                $crate::policy::kind::read_choice(node, report)
            }

            fn write(&self) -> serde_json::Value {
                self.word().into()
            }

            fn label() -> String {
                $crate::policy::kind::choice_label::<Self>()
            }

            fn schema() -> serde_json::Value {
                $crate::policy::kind::choice_schema::<Self>()
            }
        }
    };
}

pub(super) use {choices, object};
