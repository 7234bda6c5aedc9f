//! What may happen to a message on its way: to its fields, and to the frames that carry it.
//!
//! Knows the wire form of protobuf, no message. Invariant: a change that says it is harmless leaves
//! the message's meaning as it was.

use std::ops::Range;

use bytes::{BufMut, Bytes, BytesMut};
use proptest::prelude::*;
use proptest::sample::Index;

/// What is done to an encoded message.
#[derive(Clone, Debug)]
pub(super) enum Mutation {
    /// Nothing.
    None,
    /// A field of some later version of the protocol, before the field at this place.
    Unknown(Index, Vec<u8>),
    /// Its fields in another order. Elements of a repeated field keep theirs.
    Reorder(Index),
    /// One field comes again at the end.
    Repeat(Index),
    /// The bytes from here on are missing.
    Truncate(Index),
    /// Some bits of one byte are others.
    Flip(Index, u8),
    /// One field says that it is longer than any message.
    HugeLength(Index),
    /// One field has another wire type.
    WrongType(Index, u8),
    /// Something else altogether.
    Garbage(Vec<u8>),
    /// The same, to the content of one field.
    Inside(Index, Box<Mutation>),
}

/// How a message is framed and sent.
#[derive(Clone, Debug)]
pub(super) enum Framing {
    /// As it should be.
    Whole,
    /// In several DATA frames, split at these places, the prefix included.
    Pieces(Vec<Index>),
    /// The stream is ended too early.
    Cut(Index),
    /// The stream is reset after so many bytes.
    Reset(Index),
    /// The prefix says "compressed".
    Compressed,
    /// The prefix says another length.
    Length(u32),
    /// Two messages where one belongs.
    Twice,
}

/// One field: the place of its tag, of what comes before its content, and of its content.
struct Field {
    number: u64,
    wire_type: u8,
    head: Range<usize>,
    content: Range<usize>,
}

impl Field {
    fn whole(&self) -> Range<usize> {
        self.head.start..self.content.end
    }
}

impl Mutation {
    pub(super) fn harmless() -> impl Strategy<Value = Self> {
        prop_oneof![
            Just(Self::None),
            (any::<Index>(), unknown_field())
                .prop_map(|(place, field)| Self::Unknown(place, field)),
            any::<Index>().prop_map(Self::Reorder),
        ]
    }

    pub(super) fn any() -> impl Strategy<Value = Self> {
        let flat = prop_oneof![
            3 => Self::harmless(),
            1 => any::<Index>().prop_map(Self::Repeat),
            2 => any::<Index>().prop_map(Self::Truncate),
            2 => (any::<Index>(), 1..=u8::MAX).prop_map(|(place, bits)| Self::Flip(place, bits)),
            1 => any::<Index>().prop_map(Self::HugeLength),
            1 => (any::<Index>(), 0..8_u8).prop_map(|(field, kind)| Self::WrongType(field, kind)),
            1 => prop::collection::vec(any::<u8>(), 0..200).prop_map(Self::Garbage),
        ];
        flat.prop_recursive(3, 6, 1, |inner| {
            (any::<Index>(), inner).prop_map(|(field, inner)| Self::Inside(field, inner.into()))
        })
    }

    pub(super) fn is_harmless(&self) -> bool {
        matches!(self, Self::None | Self::Unknown(..) | Self::Reorder(_))
    }

    pub(super) fn of(&self, message: &[u8]) -> Bytes {
        let fields = fields(message);
        let field = |index: &Index| (!fields.is_empty()).then(|| index.get(&fields));
        let place = |index: &Index| (!message.is_empty()).then(|| index.index(message.len()));
        let replaced = |range: Range<usize>, by: &[u8]| {
            [&message[..range.start], by, &message[range.end..]].concat()
        };
        let changed = match self {
            Self::None => None,
            Self::Unknown(index, unknown) => {
                let at = field(index).map_or(message.len(), |field| field.head.start);
                Some(replaced(at..at, unknown))
            }
            Self::Reorder(index) => {
                let first = field(index).map_or(0, |field| field.number);
                let (early, late): (Vec<&Field>, Vec<&Field>) =
                    fields.iter().partition(|field| field.number >= first);
                let parts = early.into_iter().chain(late).map(|field| &message[field.whole()]);
                Some(parts.collect::<Vec<_>>().concat())
            }
            Self::Repeat(index) => {
                field(index).map(|field| [message, &message[field.whole()]].concat())
            }
            Self::Truncate(index) => place(index).map(|at| message[..at].to_vec()),
            Self::Flip(index, bits) => {
                place(index).map(|at| replaced(at..at + 1, &[message[at] ^ bits]))
            }
            Self::HugeLength(index) => field(index).map(|field| {
                let mut head = message[field.head.start..][..1].to_vec();
                head.extend([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]);
                replaced(field.head.clone(), &head)
            }),
            Self::WrongType(index, wire_type) => field(index).map(|field| {
                let at = field.head.start;
                replaced(at..at + 1, &[message[at] & !7 | wire_type])
            }),
            Self::Garbage(bytes) => Some(bytes.clone()),
            Self::Inside(index, inner) => {
                field(index).filter(|field| field.wire_type == 2).map(|field| {
                    let content = inner.of(&message[field.content.clone()]);
                    let mut changed = varint(field.number << 3 | 2);
                    changed.extend(varint(content.len() as u64));
                    changed.extend(content);
                    replaced(field.whole(), &changed)
                })
            }
        };
        changed.map_or_else(|| Bytes::copy_from_slice(message), Bytes::from)
    }
}

impl Framing {
    pub(super) fn harmless() -> impl Strategy<Value = Self> {
        let places = prop::collection::vec(any::<Index>(), 0..5);
        prop_oneof![Just(Self::Whole), places.prop_map(Self::Pieces)]
    }

    pub(super) fn any() -> impl Strategy<Value = Self> {
        prop_oneof![
            6 => Self::harmless(),
            1 => any::<Index>().prop_map(Self::Cut),
            2 => any::<Index>().prop_map(Self::Reset),
            1 => Just(Self::Compressed),
            1 => any::<u32>().prop_map(Self::Length),
            1 => Just(Self::Length(u32::MAX)),
            1 => Just(Self::Twice),
        ]
    }

    pub(super) fn is_harmless(&self) -> bool {
        matches!(self, Self::Whole | Self::Pieces(_))
    }

    /// The DATA frames, and whether the stream is reset behind them.
    pub(super) fn of(&self, message: &Bytes) -> (Vec<Bytes>, bool) {
        let frame = match self {
            Self::Compressed => framed(1, message.len(), message),
            Self::Length(length) => framed(0, *length as usize, message),
            Self::Twice => {
                let once = framed(0, message.len(), message);
                [once.clone(), once].concat().into()
            }
            Self::Whole | Self::Pieces(_) | Self::Cut(_) | Self::Reset(_) => {
                framed(0, message.len(), message)
            }
        };
        match self {
            Self::Pieces(places) => {
                let mut places: Vec<usize> =
                    places.iter().map(|place| place.index(frame.len())).collect();
                places.push(frame.len());
                places.sort_unstable();
                let mut from = 0;
                let pieces = places.into_iter().map(|to| {
                    let piece = frame.slice(from..to);
                    from = to;
                    piece
                });
                (pieces.collect(), false)
            }
            Self::Cut(place) => (vec![frame.slice(..place.index(frame.len()))], false),
            Self::Reset(place) => (vec![frame.slice(..place.index(frame.len()))], true),
            _ => (vec![frame], false),
        }
    }
}

/// A message with its prefix.
pub(super) fn framed(flags: u8, length: usize, message: &[u8]) -> Bytes {
    let mut frame = BytesMut::new();
    frame.put_u8(flags);
    frame.put_u32(u32::try_from(length).unwrap());
    frame.put_slice(message);
    frame.freeze()
}

/// A field with a number that no version has, of each wire type.
fn unknown_field() -> impl Strategy<Value = Vec<u8>> {
    let number = 1000..200_000_u64;
    let value = prop_oneof![
        any::<u64>().prop_map(|value| (0, varint(value))),
        any::<[u8; 8]>().prop_map(|value| (1, value.to_vec())),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(|value| {
            let length = varint(value.len() as u64);
            (2, [length, value].concat())
        }),
        any::<[u8; 4]>().prop_map(|value| (5, value.to_vec())),
    ];
    (number, value)
        .prop_map(|(number, (wire_type, value))| [varint(number << 3 | wire_type), value].concat())
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push((value & 0x7f) as u8);
    bytes
}

/// The fields of a message, as far as it is one.
fn fields(message: &[u8]) -> Vec<Field> {
    let read_varint = |at: usize| -> Option<(u64, usize)> {
        let mut value = 0_u64;
        for (count, byte) in message.get(at..)?.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f).checked_shl(7 * u32::try_from(count).ok()?)?;
            if byte & 0x80 == 0 {
                return Some((value, at + count + 1));
            }
        }
        None
    };
    let read_field = |start: usize| -> Option<Field> {
        let (tag, after_tag) = read_varint(start)?;
        let wire_type = (tag & 7) as u8;
        let (from, length) = match wire_type {
            0 => (after_tag, read_varint(after_tag)?.1 - after_tag),
            1 => (after_tag, 8),
            2 => {
                let (length, from) = read_varint(after_tag)?;
                (from, usize::try_from(length).ok()?)
            }
            5 => (after_tag, 4),
            _ => return None,
        };
        let content = from..from.checked_add(length)?;
        (content.end <= message.len()).then_some(Field {
            number: tag >> 3,
            wire_type,
            head: start..from,
            content,
        })
    };
    let mut found: Vec<Field> = Vec::new();
    let mut at = 0;
    while at < message.len() {
        let Some(field) = read_field(at) else { break };
        at = field.content.end;
        found.push(field);
    }
    found
}
