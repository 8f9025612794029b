//! YAML 1.2 into the tree, from the events of `saphyr-parser`.
//!
//! 1. Events drive the [`Builder`]; nothing recurses.
//! 2. An anchor remembers its finished node, with how many nodes and bytes it stands for. An alias shares that
//!    node, and what all aliases stand for together is bounded.
//! 3. A plain `<<` key merges the map or the list of maps that is its value; the map's own keys win, and of
//!    several merged maps the earlier.
//! 4. A plain scalar is null, true, false or a number by the rules of YAML 1.2; `_` may part the digits of a
//!    number. `yes`, `on` and the like are text. A tag (`!!str`) is followed for scalars.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Tag};

use super::super::bounds::{ALIAS_BYTES, ALIAS_NODES, DEPTH};
use super::super::codes;
use super::super::position::Span;
use super::super::report::{Problem, quoted};
use super::number::{self, Plain};
use super::tree::{Builder, Content, Node, Stop};

/// Reads a whole text. The problems beside the tree don't keep it from being read on.
pub(super) fn read(text: &str) -> Result<(Node, Vec<Problem>), Stop> {
    let mut reader = Reader {
        bytes: ByteOffsets::new(text),
        builder: Builder::default(),
        open: Vec::new(),
        anchors: BTreeMap::new(),
        expanded: Weight::default(),
        documents: 0,
    };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| reader.syntax(&error))?;
        let span = reader.bytes.span(span);
        reader.event(event, span)?;
    }
    Ok(reader.builder.finish())
}

struct Reader<'s> {
    bytes: ByteOffsets<'s>,
    builder: Builder,
    open: Vec<Open>,
    anchors: BTreeMap<usize, (Node, Weight)>,
    /// What aliases added so far.
    expanded: Weight,
    documents: usize,
}

/// A map or list that isn't closed yet.
struct Open {
    anchor: usize,
    weight: Weight,
}

/// How much of a tree there is.
#[derive(Debug, Clone, Copy, Default)]
struct Weight {
    nodes: usize,
    bytes: usize,
    depth: usize,
}

impl Weight {
    fn add(&mut self, part: Weight) {
        self.nodes = self.nodes.saturating_add(part.nodes);
        self.bytes = self.bytes.saturating_add(part.bytes);
        self.depth = self.depth.max(part.depth.saturating_add(1));
    }
}

impl Reader<'_> {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Stop> {
        match event {
            Event::DocumentStart(_) => self.document(span),
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::Scalar(text, style, anchor, tag) => {
                self.scalar(&text, style, anchor, tag.as_deref(), span)
            }
            Event::SequenceStart(anchor, _) => self.open(anchor, span, false),
            Event::MappingStart(anchor, _) => self.open(anchor, span, true),
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
        }
    }

    fn document(&mut self, span: Span) -> Result<(), Stop> {
        self.documents = self.documents.saturating_add(1);
        if self.documents > 1 {
            let message = "a second document begins".to_owned();
            return Err(self.refuse(
                codes::SYNTAX,
                message,
                span,
                "put one policy in a file: remove the `---` line",
            ));
        }
        Ok(())
    }

    fn open(&mut self, anchor: usize, span: Span, map: bool) -> Result<(), Stop> {
        if self.builder.wants_key() {
            let help = "use a plain text as the key";
            return Err(self.refuse(codes::SYNTAX, "a map or list can't be a key".to_owned(), span, help));
        }
        if map {
            self.builder.open_map(span)?
        } else {
            self.builder.open_list(span)?
        }
        self.open.push(Open { anchor, weight: Weight { nodes: 1, bytes: 0, depth: 1 } });
        Ok(())
    }

    fn close(&mut self, span: Span) -> Result<(), Stop> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        if let Some(node) = self.builder.close(span.start) {
            self.remember(open.anchor, &node, open.weight);
        }
        self.weigh(open.weight);
        Ok(())
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        span: Span,
    ) -> Result<(), Stop> {
        let weight = Weight { nodes: 1, bytes: text.len(), depth: 0 };
        let plain = style == ScalarStyle::Plain;
        if self.builder.wants_key() {
            // A key is text whatever it looks like: `1:` and `true:` are names.
            if plain && text == "<<" {
                self.builder.merge_key(span)
            } else {
                self.builder.key(text.into(), span)
            }
            let node = Node { span, content: Content::Text(text.into()) };
            self.remember(anchor, &node, weight);
            self.weigh(weight);
            return Ok(());
        }
        let content = self.content(text, plain, tag, span)?;
        let node = Node { span, content };
        self.remember(anchor, &node, weight);
        self.weigh(weight);
        self.builder.value(node);
        Ok(())
    }

    fn content(&self, text: &str, plain: bool, tag: Option<&Tag>, span: Span) -> Result<Content, Stop> {
        let wanted = match tag {
            Some(tag) if tag.is_yaml_core_schema() => Some(tag.suffix.as_str()),
            Some(tag) if tag.handle == "!" && tag.suffix.is_empty() => Some("str"),
            Some(tag) => {
                let message = format!("unknown tag {}", quoted(&tag.to_string()));
                return Err(self.refuse(codes::SYNTAX, message, span, "remove the tag"));
            }
            None => None,
        };
        let text_as_is = || Content::Text(text.into());
        let by_look = || match number::plain(text) {
            Plain::Null => Content::Null,
            Plain::Bool(value) => Content::Bool(value),
            Plain::Number(digits) => Content::Number(digits.into()),
            Plain::Text => Content::Text(text.into()),
        };
        match wanted {
            None if plain => Ok(by_look()),
            None | Some("str") => Ok(text_as_is()),
            Some(kind) => match (kind, by_look()) {
                ("null", Content::Null) => Ok(Content::Null),
                ("bool", content @ Content::Bool(_)) => Ok(content),
                ("int" | "float", content @ Content::Number(_)) => Ok(content),
                _ => {
                    let message = format!("{} isn't what its tag `!!{kind}` says", quoted(text));
                    Err(self.refuse(codes::SYNTAX, message, span, "remove the tag"))
                }
            },
        }
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Stop> {
        let Some((node, weight)) = self.anchors.get(&anchor).cloned() else {
            let message = "an alias stands inside what it is an alias of".to_owned();
            return Err(self.refuse(
                codes::SYNTAX,
                message,
                span,
                "repeat what you mean in place of the alias",
            ));
        };
        self.expanded.add(weight);
        if self.expanded.nodes > ALIAS_NODES || self.expanded.bytes > ALIAS_BYTES {
            let message = format!("aliases expand to more than {ALIAS_NODES} values or {ALIAS_BYTES} bytes");
            return Err(self.refuse(codes::TOO_LARGE, message, span, "use fewer aliases"));
        }
        if self.builder.depth().saturating_add(weight.depth) > DEPTH {
            return Err(Box::new(self.builder.too_deep(span)));
        }
        self.weigh(weight);
        match node.content {
            Content::Text(text) if self.builder.wants_key() => self.builder.key(text, span),
            _ if self.builder.wants_key() => {
                let message = "an alias of something other than a text can't be a key".to_owned();
                return Err(self.refuse(codes::SYNTAX, message, span, "use a plain text as the key"));
            }
            // The alias stands where it is used: problems of a shared value point there.
            content => self.builder.value(Node { span, content }),
        }
        Ok(())
    }

    fn remember(&mut self, anchor: usize, node: &Node, weight: Weight) {
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), weight));
        }
    }

    fn weigh(&mut self, weight: Weight) {
        if let Some(open) = self.open.last_mut() {
            open.weight.add(weight);
        }
    }

    fn syntax(&self, error: &ScanError) -> Stop {
        let at = self.bytes.of(error.marker().index());
        if error.info().contains("recursion limit") {
            // The scanner looks ahead, and may find the depth before the builder does.
            return Box::new(self.builder.too_deep(Span::new(at, at)));
        }
        let (message, help) = match error.info() {
            info if info.contains("unknown anchor") => {
                ("nothing has the name of this alias".to_owned(), "name it before, such as `&name { … }`")
            }
            info => (
                lower_first(info.trim_end_matches('.')),
                "check the indentation, quotes and brackets here and on the line before",
            ),
        };
        self.refuse(codes::SYNTAX, message, Span::new(at, at), help)
    }

    fn refuse(&self, code: &'static str, message: String, span: Span, help: &str) -> Stop {
        Box::new(Problem::at_span(code, message, self.builder.path(), span).with_help(help))
    }
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// Characters, which the parser counts, to bytes.
struct ByteOffsets<'s> {
    text: &'s str,
    /// The byte of every character; empty if every character is one byte.
    starts: Vec<usize>,
}

impl<'s> ByteOffsets<'s> {
    fn new(text: &'s str) -> Self {
        let starts =
            if text.is_ascii() { Vec::new() } else { text.char_indices().map(|(byte, _)| byte).collect() };
        Self { text, starts }
    }

    fn of(&self, character: usize) -> usize {
        if self.starts.is_empty() {
            return character.min(self.text.len());
        }
        self.starts.get(character).copied().unwrap_or(self.text.len())
    }

    fn span(&self, span: saphyr_parser::Span) -> Span {
        Span::new(self.of(span.start.index()), self.of(span.end.index()))
    }
}
